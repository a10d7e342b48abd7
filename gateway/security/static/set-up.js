// The code of a set-up link stands in the fragment, which no server sees; here it moves into the form.
const code = document.getElementById("code");
const given = decodeURIComponent(location.hash.slice(1));
if (code && given) {
  code.value = given;
  history.replaceState(null, "", location.pathname);
  (document.getElementById("name") ?? document.getElementById("new"))?.focus();
}
