// Shows the bytes of a line as they cross it: time, direction, hexadecimal, characters.

import { moment } from "./words.js";

const MOST_LINES = 200;
const NAMES = ("NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI " +
  "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US").split(" ");

const list = document.getElementById("tail");
const button = document.getElementById("tail-pause");
let paused = false;

function span(name, text = "") {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}

function characters(bytes) {
  const line = span("chars");
  for (const byte of bytes) {
    const control = byte < 0x20 || byte === 0x7f;
    if (!control && byte < 0x7f) {
      line.append(String.fromCharCode(byte));
      continue;
    }
    const name = document.createElement("i");
    name.textContent = byte === 0x7f ? "DEL" : NAMES[byte] ?? "·";
    line.append(name);
  }
  return line;
}

function show(item) {
  const bytes = Uint8Array.from(atob(item.bytes), (each) => each.charCodeAt(0));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const line = document.createElement("li");
  line.className = item.direction;
  const at = `${moment(Date.parse(item.at)).slice(11)}.${item.at.slice(20, 23)}`;
  const missed = item.missed ? `${list.dataset.missed}${item.missed} · ` : "";
  line.append(span("at", missed + at), span("way", item.direction === "in" ? "←" : "→"), span("hex", hex), characters(bytes));
  const follows = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
  list.querySelector("li.muted")?.remove();
  list.append(line);
  while (list.childElementCount > MOST_LINES) list.firstElementChild.remove();
  if (follows) list.scrollTop = list.scrollHeight;
}

button.addEventListener("click", () => {
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
  button.querySelector("span").textContent = paused ? button.dataset.go : button.dataset.pause;
});

const copy = document.getElementById("tail-copy");
copy.addEventListener("click", async () => {
  if (!navigator.clipboard) {
    getSelection().selectAllChildren(list);
    return;
  }
  const lines = [...list.children].map((line) => [...line.children].map((part) => part.textContent).join("\t"));
  await navigator.clipboard.writeText(lines.join("\n"));
  const label = copy.querySelector("span");
  const said = label.textContent;
  label.textContent = copy.dataset.done;
  setTimeout(() => { label.textContent = said; }, 2000);
});

new EventSource(list.dataset.tap).addEventListener("bytes", (event) => {
  if (!paused) show(JSON.parse(event.data));
});
