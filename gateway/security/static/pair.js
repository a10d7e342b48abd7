// Asks until the display is let in; shows another code when the one before has run out.
const shown = document.getElementById("code");

async function ask() {
  const answer = await fetch("/pair", { headers: { "x-background": "1" } }).catch(() => null);
  if (answer?.redirected) location.replace("/");
  else if (answer?.ok) {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const code = fresh.getElementById("code")?.textContent;
    if (code && code !== shown.textContent) shown.textContent = code;
  }
  setTimeout(ask, 3000);
}

setTimeout(ask, 3000);
