// Words, times and ages in the reader's language and the site's zone.

const root = document.documentElement;
const words = JSON.parse(document.getElementById("live-words").textContent);
const ahead = Number(root.dataset.now) / 1000 - Date.now();

const clock = new Intl.DateTimeFormat("sv-SE", {
  timeZone: root.dataset.zone,
  dateStyle: "short",
  timeStyle: "medium",
});

export function word(context, name) {
  return words[context]?.[name] ?? name;
}

// Milliseconds since the epoch by the gateway's clock.
export function now() {
  return Date.now() + ahead;
}

// 2026-11-23 14:05:09
export function moment(milliseconds) {
  return clock.format(milliseconds);
}

// The largest unit that fits, as gateway.console.text.times.age has it.
export function age(milliseconds) {
  const seconds = Math.max(0, Math.floor((now() - milliseconds) / 1000));
  const steps = [["s", 1, 60], ["min", 60, 3600], ["h", 3600, 172800], ["d", 86400, Infinity]];
  const [name, size] = steps.find(([, , end]) => seconds < end);
  return `${Math.floor(seconds / size)} ${word("age", name)}`;
}
