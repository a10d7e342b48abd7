// Keeps the lanes as they are now, and calls the next at the press of a lane's digit.

const lanes = document.getElementById("lanes");
const lost = document.getElementById("lost");
let waiting = 0;

// Open parts stay open, and who works with the keyboard stays where they are.
function replace(other) {
  const held = lanes.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...lanes.querySelectorAll("details[open]")].map((each) => each.dataset.keeps);
  lanes.replaceChildren(...other.childNodes);
  lanes.dataset.place = other.dataset.place;
  for (const each of lanes.querySelectorAll("details")) each.open = open.includes(each.dataset.keeps);
  if (held) document.getElementById(held)?.focus();
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html", "x-background": "1" } }).catch(() => null);
  if (answer?.status === 401) location.reload();
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("lanes");
  const typing = lanes.querySelector("input:focus");
  if (fresh && !typing) replace(fresh);
}

// A page that is behind what the stream tells is fetched again, at the next beat if not now.
function refreshSoon() {
  waiting ||= setTimeout(() => { waiting = 0; refresh(); }, 200);
}

function hear({ data }) {
  const { epoch, seq } = JSON.parse(data);
  lost.hidden = true;
  if (lanes.dataset.place !== `${epoch}/${seq}`) refreshSoon();
}

function follow() {
  const stream = new EventSource("/queue/stream");
  stream.addEventListener("board", hear);
  stream.addEventListener("beat", hear);
  stream.addEventListener("error", () => { lost.hidden = false; });
}

document.addEventListener("keydown", (event) => {
  if (!/^[1-9]$/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  const button = document.querySelector(`form[data-next="${event.key}"] button:enabled`);
  button?.form.requestSubmit(button);
});

// A ticket that is dropped on another of its lane goes before it, for a reason that is asked for.
let dragged = null;
lanes.addEventListener("dragstart", ({ target }) => { dragged = target.closest?.("[data-ticket]") ?? null; });
lanes.addEventListener("dragover", (event) => {
  const other = event.target.closest("[data-ticket]");
  if (other && dragged && other !== dragged && other.parentNode === dragged.parentNode) event.preventDefault();
});
lanes.addEventListener("drop", (event) => {
  const other = event.target.closest("[data-ticket]");
  if (!other || !dragged || other === dragged) return;
  event.preventDefault();
  const dialog = document.getElementById("move");
  const form = dialog.querySelector("form");
  form.action = `/queue/tickets/${encodeURIComponent(dragged.dataset.ticket)}/move${dialog.dataset.back}`;
  form.elements.before.value = other.dataset.ticket;
  dialog.querySelector("[data-moved]").textContent = dragged.dataset.label;
  dialog.querySelector("[data-target]").textContent = other.dataset.label;
  dialog.showModal();
  form.elements.reason.focus();
});

follow();
