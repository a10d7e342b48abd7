// Rows that lead somewhere: Enter opens, the arrow keys move, a click works beside the links too.

function row(event) {
  return event.target.closest("[data-rows] tr[data-href]");
}

function follow(target) {
  if (target?.dataset.href) location.href = target.dataset.href;
}

document.addEventListener("keydown", (event) => {
  const here = row(event);
  if (!here || event.target !== here) return;
  const steps = { ArrowDown: here.nextElementSibling, ArrowUp: here.previousElementSibling };
  if (event.key === "Enter") follow(here);
  if (!(event.key in steps)) return;
  event.preventDefault();
  steps[event.key]?.focus();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("a") && !getSelection().toString()) follow(row(event));
});
