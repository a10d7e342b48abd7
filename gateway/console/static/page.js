// What every page can do: rows that lead somewhere, dialogues, toasts, filters that apply at once.

function row(event) {
  return event.target.closest("[data-rows] tr[data-href]");
}

function follow(target) {
  if (target?.dataset.href) location.href = target.dataset.href;
}

function step(here, key) {
  const rows = [...here.closest("tbody").querySelectorAll("tr[data-href]")];
  const places = { ArrowDown: 1, ArrowUp: -1, Home: -rows.length, End: rows.length };
  const place = rows.indexOf(here) + places[key];
  return rows[Math.max(0, Math.min(rows.length - 1, place))];
}

document.addEventListener("keydown", (event) => {
  const here = row(event);
  if (!here || event.target !== here) return;
  if (event.key === "Enter") follow(here);
  if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  step(here, event.key).focus();
});

// A part that shows one leaf of several is turned by the keys that lead to its neighbours.
const TURNS = { ArrowUp: "next", ArrowDown: "prev" };

document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-leaf]") || !(event.key in TURNS)) return;
  event.preventDefault();
  event.target.querySelector(`a[rel="${TURNS[event.key]}"][href]`)?.click();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  else if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
  else if (event.target.closest("[data-dismisses]")) event.target.closest(".toast").remove();
  else if (event.target.closest("[data-prints]")) print();
  else if (!event.target.closest("a, button, input, select, textarea, label, summary") && !getSelection().toString()) {
    follow(row(event));
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// Empty filters stay out of the address.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches(".filter")) return;
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});

// What was said with the page is said again, so that a screen reader hears it.
const toast = document.querySelector("#toasts .toast span");
if (toast) {
  const said = toast.textContent;
  toast.textContent = "";
  requestAnimationFrame(() => { toast.textContent = said; });
}

document.querySelector("[aria-invalid]")?.focus();

// The navigation is longer than many screens: show the entry that one is at.
const current = document.querySelector("#nav [aria-current]");
if (current) {
  const nav = current.closest("#nav");
  nav.scrollTop = Math.max(0, current.offsetTop - nav.clientHeight / 2);
}
