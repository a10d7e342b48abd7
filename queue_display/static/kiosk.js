// Goes back to the start when nobody does anything.

const page = document.querySelector("[data-start]");
let timer = 0;

function wait() {
  clearTimeout(timer);
  timer = setTimeout(() => location.replace(page.dataset.start), Number(page.dataset.seconds) * 1000);
}

for (const each of ["keydown", "pointerdown", "input"]) document.addEventListener(each, wait);
wait();
