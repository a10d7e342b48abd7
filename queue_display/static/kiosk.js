// Goes back to the start when nobody does anything; shows what the kiosk's own reader read.

const page = document.querySelector("[data-start]");
let timer = 0;

function wait() {
  clearTimeout(timer);
  timer = setTimeout(() => location.replace(page.dataset.start), Number(page.dataset.seconds) * 1000);
}

for (const each of ["keydown", "pointerdown", "input"]) document.addEventListener(each, wait);
wait();

if (page.dataset.stream) {
  new EventSource(page.dataset.stream).addEventListener("read", (event) => {
    const { answer } = JSON.parse(event.data);
    location.replace(`/kiosk/read/${encodeURIComponent(answer)}${location.search}`);
  });
}
