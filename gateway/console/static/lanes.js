// A day by resource: arrow keys go from one appointment to the next, [ and ] to another day.

const DAYS = { "[": "a[rel=prev]", "]": "a[rel=next]", t: "a[data-today]" };

function typing(target) {
  return target.closest("input, select, textarea, dialog");
}

function box(link) {
  const rect = link.getBoundingClientRect();
  return { x: rect.left + rect.width / 2, y: rect.top };
}

// The nearest link in a direction: along the lane up and down, across lanes left and right.
function towards(here, key) {
  const from = box(here);
  const down = key === "ArrowDown", up = key === "ArrowUp", right = key === "ArrowRight";
  let best = null, least = Infinity;
  for (const link of document.querySelectorAll("[data-lanes] td a")) {
    const to = box(link);
    const dx = to.x - from.x, dy = to.y - from.y;
    const along = down || up ? Math.abs(dy) : Math.abs(dx);
    const across = down || up ? Math.abs(dx) : Math.abs(dy);
    const ahead = down ? dy > 1 : up ? dy < -1 : right ? dx > 20 : dx < -20;
    const strays = (down || up) && across > 20;
    const distance = along + across * 2;
    if (ahead && !strays && distance < least) [best, least] = [link, distance];
  }
  return best;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
  const day = DAYS[event.key];
  if (day) document.querySelector(day)?.click();
  const here = event.target.closest("[data-lanes] td a");
  if (!here || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  towards(here, event.key)?.focus();
});

// The present moment is in sight; the page itself stays where it is.
const now = document.getElementById("now");
if (now) {
  const lanes = now.closest(".lanes-box");
  lanes.scrollTop = now.offsetTop - lanes.clientHeight / 2;
}
