// The strip of alarms on every page: numbers, a word and a sound at a new one, and the key A.

const strip = document.getElementById("alarms");
const toasts = document.getElementById("toasts");
const button = document.getElementById("alarm-sound");
const words = JSON.parse(strip.dataset.words);
const numbers = strip.querySelector(".numbers");
const PRIORITIES = ["critical", "high", "medium", "low"];
const SHOWN = 5;
const KEY = "isogate-alarm-sound";
let sound = null;
let counting = 0;

async function count() {
  const answer = await fetch("/api/v1/alarms/counts", { headers: { "x-background": "1" } }).catch(() => null);
  if (!answer?.ok) return;
  const { unacknowledged } = await answer.json();
  const chips = PRIORITIES.filter((each) => unacknowledged[each]).map((each) => {
    const chip = document.createElement("span");
    chip.className = `chip ${each}`;
    chip.append(`${words[each]} `, Object.assign(document.createElement("b"), { textContent: unacknowledged[each] }));
    return chip;
  });
  numbers.replaceChildren(...chips);
  strip.title = chips.length ? words.some : words.none;
}

function countSoon() {
  counting ||= setTimeout(() => { counting = 0; count(); }, 300);
}

function say(change) {
  const language = document.documentElement.lang;
  const toast = document.createElement("p");
  toast.className = `toast alarm ${change.priority}`;
  const link = document.createElement("a");
  link.href = encodeURI(change.path || "/alarms");
  link.textContent = [words[change.priority], change.title[language], change.text[language]].filter(Boolean).join(" · ");
  toast.append(link);
  toasts.append(toast);
  while (toasts.querySelectorAll(".toast.alarm").length > SHOWN) toasts.querySelector(".toast.alarm").remove();
  setTimeout(() => toast.remove(), 15000);
}

// Two tones for what is grave, one for the rest; browsers allow it only after a click.
function ring(priority) {
  if (!sound) return;
  const grave = priority === "critical" || priority === "high";
  for (const [place, tone] of (grave ? [880, 660] : [520]).entries()) {
    const begin = sound.currentTime + place * 0.25;
    const tones = new OscillatorNode(sound, { frequency: tone });
    const volume = new GainNode(sound, { gain: 0.15 });
    tones.connect(volume).connect(sound.destination);
    tones.start(begin);
    tones.stop(begin + 0.2);
  }
}

function allowSound(on) {
  sound = on ? new AudioContext() : null;
  button.setAttribute("aria-pressed", String(on));
  localStorage.setItem(KEY, on ? "on" : "");
}

button.addEventListener("click", () => allowSound(!sound));
if (localStorage.getItem(KEY)) allowSound(true);

document.addEventListener("isogate-alarm", ({ detail }) => {
  countSoon();
  if (!detail.wanted) return;
  say(detail);
  ring(detail.priority);
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "a" || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  const place = event.target.closest("tr") ?? (document.querySelector("[data-rows]") ? null : document);
  place?.querySelector("form[data-acknowledge]")?.requestSubmit();
});

count();
