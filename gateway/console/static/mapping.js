// A LOINC code that the site knows fills in the name and unit, where these are empty.

const tests = JSON.parse(document.getElementById("known-tests").textContent);
const code = document.getElementById("code");

code.addEventListener("change", () => {
  const test = tests[code.value.trim()];
  if (!test) return;
  for (const [name, text] of Object.entries(test)) {
    const field = document.getElementById(name);
    if (field && !field.value) field.value = text;
  }
});
