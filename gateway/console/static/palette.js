// Ctrl-K: to any device or page by a few letters.

const dialog = document.getElementById("palette");
const input = dialog.querySelector("input");
const items = [...dialog.querySelectorAll("li")];

function filter() {
  const parts = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of items) {
    const text = item.textContent.toLowerCase();
    item.hidden = !parts.every((part) => text.includes(part));
  }
}

function open() {
  input.value = "";
  filter();
  dialog.showModal();
  input.focus();
}

function move(step) {
  const links = items.filter((item) => !item.hidden).map((item) => item.firstElementChild);
  const place = links.indexOf(document.activeElement) + step;
  (links[place] ?? (place < 0 ? input : links[0]))?.focus();
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
    move(event.key === "ArrowDown" ? 1 : -1);
  }
  if (event.key === "Enter" && document.activeElement === input) {
    event.preventDefault();
    items.find((item) => !item.hidden)?.firstElementChild.click();
  }
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
