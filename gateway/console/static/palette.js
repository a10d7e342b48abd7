// Ctrl-K: to any page, device or patient by a few letters.

const PAUSE = 200;

const dialog = document.getElementById("palette");
const input = dialog.querySelector("input");
const list = dialog.querySelector("ul");
const own = [...list.children];
let asked = 0;
let chosen = 0;

function shown() {
  return [...list.children].filter((item) => !item.hidden).map((item) => item.firstElementChild);
}

function choose(place) {
  const links = shown();
  chosen = Math.max(0, Math.min(links.length - 1, place));
  for (const [at, link] of links.entries()) {
    link.id = `found-${at}`;
    link.setAttribute("aria-selected", String(at === chosen));
  }
  const link = links[chosen];
  link?.scrollIntoView({ block: "nearest" });
  if (link) input.setAttribute("aria-activedescendant", link.id);
  else input.removeAttribute("aria-activedescendant");
}

function filter() {
  const parts = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of list.querySelectorAll("[data-hit]")) item.remove();
  for (const item of own) {
    const text = item.textContent.toLowerCase();
    item.hidden = !parts.every((part) => text.includes(part));
  }
  choose(0);
  clearTimeout(asked);
  if (input.value.trim().length > 1) asked = setTimeout(find, PAUSE, input.value.trim());
}

// What rooms find (patients, samples) comes from the gateway; the letters travel in the body.
async function find(text) {
  const answer = await fetch(dialog.dataset.finds, {
    method: "POST",
    headers: { "x-csrf-token": document.querySelector("meta[name=csrf-token]")?.content ?? "" },
    body: new URLSearchParams({ text }),
  }).catch(() => null);
  if (!answer?.ok || input.value.trim() !== text) return;
  for (const hit of await answer.json()) list.append(line(hit));
  choose(chosen);
}

function line(hit) {
  const item = document.createElement("li");
  item.dataset.hit = "";
  item.setAttribute("role", "presentation");
  const link = item.appendChild(document.createElement("a"));
  link.setAttribute("role", "option");
  link.href = hit.path;
  link.appendChild(document.createElement("span")).textContent = hit.label;
  const note = link.appendChild(document.createElement("span"));
  note.className = "muted";
  note.textContent = hit.note;
  return item;
}

function open() {
  input.value = "";
  filter();
  dialog.showModal();
  input.focus();
}

document.getElementById("find").addEventListener("click", open);
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!dialog.open) open();
  }
});
input.addEventListener("input", filter);
dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  }
  if (event.key === "Enter" && document.activeElement === input) {
    event.preventDefault();
    shown()[chosen]?.click();
  }
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
