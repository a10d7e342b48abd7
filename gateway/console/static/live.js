// Keeps values, qualities and states of a page as they are now.

import { age, moment, now, word } from "./words.js";

const lost = document.getElementById("lost");
const pulse = document.querySelector("[data-pulse]");
const byPoint = group("[data-point]", (element) => element.dataset.point);
const byDevice = group("[data-device]", (element) => element.dataset.device);
let refreshing = 0;
let pulsed = 0;

function group(selector, key) {
  const found = new Map();
  for (const element of document.querySelectorAll(selector)) {
    found.set(key(element), [...(found.get(key(element)) ?? []), element]);
  }
  return found;
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function showValue(item) {
  const text = item.value_code === null ? (item.operator ?? "") + (item.value_text ?? "") : word("value", item.value_code);
  for (const element of byPoint.get(`${item.device}/${item.code}`) ?? []) {
    element.classList.remove("unheard");
    element.dataset.quality = item.quality;
    showNumber(element.querySelector("[data-number]"), text || "—");
    const quality = element.querySelector("[data-quality-word]");
    quality.className = `quality quality-${item.quality}`;
    write(quality, word("quality", item.quality));
    showAge(element, item.observed_at);
    const bytes = element.querySelector("[data-bytes]");
    if (item.raw_id) bytes.href = `/messages/${item.raw_id}${item.seq ? `?seq=${item.seq}` : ""}`;
  }
  return text;
}

// Tiles show about five digits, as gateway.console.pages.shown.short has it; the title has all.
function showNumber(element, text) {
  const parts = /^-?(\d+)\.(\d+)$/.exec(text);
  if (!("short" in element.dataset) || !parts) {
    write(element, text);
    return;
  }
  const places = Math.max(1, 5 - (parts[1] === "0" ? 0 : parts[1].length));
  write(element, parts[2].length <= places ? text : Number(text).toFixed(places));
  element.title = text;
}

function showAge(element, observed) {
  let time = element.querySelector("[data-age]");
  if (!time) {
    time = element.querySelector(".meta").appendChild(document.createElement("time"));
  }
  time.dataset.age = String(Date.parse(observed) * 1000);
  time.title = observed;
  write(time, age(Date.parse(observed)));
}

function showState(item) {
  for (const element of byDevice.get(item.id) ?? []) {
    if (element.dataset.state === item.state) continue;
    element.dataset.state = item.state;
    const state = element.querySelector("[data-state-word]");
    state.className = `state state-${item.state}`;
    write(state.querySelector("span"), word("state", item.state));
    showReason(element.querySelector("[data-reason]"), item.reason);
    write(element.querySelector("[data-since]"), moment(Date.parse(item.since)));
  }
  refresh();
}

// Reasons come in English; a page in another language has them from the server a moment later.
function showReason(reason, text) {
  if (!reason) return;
  write(reason, document.documentElement.lang === "en" ? text : "");
  reason.hidden = !reason.textContent;
}

// Sections that the server sums up are fetched again, at most once a second.
function refresh() {
  if (refreshing || !document.querySelector("[data-refresh], [data-reason]")) return;
  refreshing = setTimeout(async () => {
    refreshing = 0;
    const headers = { accept: "text/html", "x-background": "1" };
    const answer = await fetch(location.href, { headers }).catch(() => null);
    if (answer?.status === 401) location.reload();
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-refresh]")) {
      if (part.querySelector("dialog[open]")) continue; // somebody is writing there
      const other = fresh.querySelector(`[data-refresh="${part.dataset.refresh}"]`);
      if (other && other.innerHTML !== part.innerHTML) replace(part, other);
    }
    for (const icon of fresh.querySelectorAll("[data-device] [data-state-word] svg")) {
      const device = icon.closest("[data-device]").dataset.device;
      const here = (byDevice.get(device) ?? [])[0]?.querySelector("[data-state-word] svg");
      if (here) here.innerHTML = icon.innerHTML;
    }
    for (const told of fresh.querySelectorAll("[data-device] [data-reason]")) {
      const device = told.closest("[data-device]").dataset.device;
      for (const element of byDevice.get(device) ?? []) {
        const reason = element.querySelector("[data-reason]");
        if (!reason) continue;
        write(reason, told.textContent);
        reason.hidden = told.hidden;
      }
    }
  }, 1000);
}

// Who works with the keyboard stays on the row where they are.
function replace(part, other) {
  const held = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.replaceChildren(...other.childNodes);
  if (held) document.getElementById(held)?.focus();
}

// Parts follow results, or the kinds of events that they name.
function wanted(kind) {
  const parts = [...document.querySelectorAll("[data-refresh]")];
  return parts.some((part) => (part.dataset.follows ?? "result").split(" ").includes(kind));
}

// One line at the foot says that something comes in, and what.
function beat(item) {
  if (!pulse || now() - pulsed < 1000) return;
  pulsed = now();
  const name = item.name?.[document.documentElement.lang] ?? item.code;
  const text = item.value_code === null ? item.value_text ?? "" : word("value", item.value_code);
  write(pulse, `${moment(Date.parse(item.received_at)).slice(11)}  ${item.device}  ${name}  ${text}`);
}

function tick() {
  for (const time of document.querySelectorAll("[data-age]")) {
    if (time.dataset.age) write(time, age(Number(time.dataset.age) / 1000));
  }
}

function follow(address) {
  const stream = new EventSource(address);
  stream.addEventListener("open", () => {
    if (!lost.hidden) refresh();
    lost.hidden = true;
  });
  stream.addEventListener("error", () => {
    // Refused, as after a restore, a browser never asks again by itself.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 10000, address);
    if (!lost.hidden) return;
    write(lost.querySelector("time"), moment(now()));
    lost.hidden = false;
  });
  stream.addEventListener("alarm", (event) => {
    refresh();
    document.dispatchEvent(new CustomEvent("isogate-alarm", { detail: JSON.parse(event.data) }));
  });
  stream.addEventListener("device", (event) => showState(JSON.parse(event.data)));
  stream.addEventListener("event", (event) => {
    const { type, data } = JSON.parse(event.data);
    if (wanted(type.split(".").at(-1))) refresh();
    beat(data);
  });
  stream.addEventListener("latest", (event) => {
    const item = JSON.parse(event.data);
    showValue(item);
    beat(item);
  });
}

setInterval(tick, 1000);
// One stream a page: a browser opens only six connections to a site over HTTP/1.1.
const strip = document.getElementById("alarms");
const address = document.body.dataset.stream ?? (strip ? "/api/v1/stream?topics=alarm" : "");
if (address && document.querySelector("[data-refresh]")) setInterval(refresh, 5000);
if (address) follow(strip && !address.includes("alarm") ? address.replace("topics=", "topics=alarm,") : address);
