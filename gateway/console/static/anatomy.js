// The tree of a record's parts and its bytes: what is chosen in one is shown in the other.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -16, ArrowDown: 16 };

const parts = [...document.querySelectorAll("[data-part]")];
const dump = document.querySelector(".dump");
const pane = document.querySelector("[data-bytes-pane]");
const bytes = new Map();
for (const cell of dump.querySelectorAll("[data-at]")) {
  const at = Number(cell.dataset.at);
  bytes.set(at, [...(bytes.get(at) ?? []), cell]);
}
let chosen = -1;

function mark(part, at = -1) {
  for (const each of parts) each.toggleAttribute("data-chosen", each === part);
  const [start, end] = part ? [Number(part.dataset.start), Number(part.dataset.end)] : [at, at + 1];
  for (const [place, cells] of bytes) {
    for (const cell of cells) {
      cell.classList.toggle("chosen", place >= start && place < end);
      cell.classList.toggle("here", place === at);
    }
  }
  chosen = at < 0 ? start : at;
}

function showPart(part) {
  mark(part);
  bytes.get(Number(part.dataset.start))?.[0].scrollIntoView({ block: "nearest" });
}

// The innermost part is the shortest that holds the byte.
function holder(at) {
  const size = (part) => part.dataset.end - part.dataset.start;
  return parts
    .filter((part) => Number(part.dataset.start) <= at && at < Number(part.dataset.end))
    .reduce((best, part) => (best && size(best) < size(part) ? best : part), null);
}

function showByte(at) {
  if (!bytes.has(at)) return;
  const part = holder(at);
  mark(part, at);
  for (let up = part?.closest("details"); up; up = up.parentElement.closest("details")) {
    if (up.firstElementChild !== part) up.open = true;
  }
  part?.scrollIntoView({ block: "nearest" });
  bytes.get(at)[0].scrollIntoView({ block: "nearest" });
}

for (const part of parts) {
  part.addEventListener("focus", () => showPart(part));
  part.addEventListener("click", () => showPart(part));
}
dump.addEventListener("click", (event) => {
  const cell = event.target.closest("[data-at]");
  if (cell) showByte(Number(cell.dataset.at));
});
pane.addEventListener("keydown", (event) => {
  if (!(event.key in STEPS)) return;
  event.preventDefault();
  showByte(chosen < 0 ? 0 : chosen + STEPS[event.key]);
});
