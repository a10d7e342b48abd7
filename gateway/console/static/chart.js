// Draws the charts of a page with BokehJS, in the colours of the page.

const HOME = "/static/bokeh/";
const HEIGHT = 280;
const LEAST = 64; // pixels from one mark of the time axis to the next
const DASHES = ["solid", "dashed", "dotted", "dotdash"];

function load(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = HOME + name;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}

function colours() {
  const probe = document.body.appendChild(document.createElement("span"));
  const names = ["text", "muted", "line", "panel", "accent", "high", "medium", "low"];
  const found = {};
  for (const name of names) {
    probe.style.setProperty("color", `var(--${name})`);
    found[name] = hex(getComputedStyle(probe).color);
  }
  probe.remove();
  return { ...found, calm: found.muted };
}

function hex(colour) {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return `#${[r, g, b].map((each) => each.toString(16).padStart(2, "0")).join("")}`;
}

function frame(given, tone, width) {
  const plot = Bokeh.Plotting.figure({
    height: HEIGHT,
    sizing_mode: "stretch_width",
    x_range: new Bokeh.Range1d({ start: given.start, end: given.end }),
    tools: [],
    toolbar_location: null,
    background_fill_color: tone.panel,
    border_fill_color: tone.panel,
    outline_line_color: null,
    min_border_right: 24,
  });
  const font = getComputedStyle(document.body).fontFamily;
  const style = {
    axis_line_color: tone.line,
    major_tick_line_color: tone.line,
    minor_tick_line_color: null,
    major_label_text_color: tone.muted,
    major_label_text_font: font,
    major_label_text_font_size: "14px",
    axis_label: null,
  };
  for (const axis of [...plot.below, ...plot.left]) if (axis instanceof Bokeh.Models.get("Axis")) axis.setv(style);
  const [across] = plot.below;
  const each = Math.ceil((given.marks.length * LEAST) / width) || 1;
  const marks = given.marks.filter((_, place) => place % each === 0);
  across.ticker = new Bokeh.FixedTicker({ ticks: marks.map(([at]) => at) });
  across.major_label_overrides = new Map(given.marks);
  const [up] = plot.left;
  up.formatter = new Bokeh.BasicTickFormatter({ use_scientific: false });
  for (const grid of plot.center) {
    if (grid.grid_line_color === undefined) continue;
    grid.grid_line_color = tone.line;
    if (grid.dimension === 0) grid.ticker = across.ticker;
  }
  return plot;
}

function draw(plot, line, place, given, tone) {
  const colour = line.colour || (place ? tone.text : tone.accent);
  const glyphs = [];
  for (const run of line.runs) {
    const data = { ...run, text: run.y.map((y) => `${y} ${given.unit}`.trim()) };
    const source = new Bokeh.ColumnDataSource({ data });
    plot.varea({ x: { field: "x" }, y1: { field: "low" }, y2: { field: "high" }, source, fill_color: colour, fill_alpha: 0.18 });
    const shape = { x: { field: "x" }, y: { field: "y" }, source };
    glyphs.push(
      run.x.length > 1
        ? plot.line({ ...shape, line_color: colour, line_width: 2, line_dash: DASHES[place % DASHES.length] })
        : plot.scatter({ ...shape, size: 5, color: colour }),
    );
  }
  plot.add_tools(new Bokeh.HoverTool({
    renderers: glyphs,
    mode: "vline",
    tooltips: [[given.time, "@when"], [line.name, "@text"]],
  }));
}

function show(figure) {
  const given = JSON.parse(figure.querySelector("script").textContent);
  const tone = colours();
  for (const old of figure.querySelectorAll(":scope > div")) old.remove();
  const plot = frame(given, tone, figure.clientWidth);
  for (const limit of given.limits) {
    plot.add_layout(new Bokeh.Span({ location: limit.value, dimension: "width", line_color: tone[limit.level], line_dash: "dashed" }));
    plot.add_layout(new Bokeh.Label({ x: 8, x_units: "screen", y: limit.value, text: limit.name, text_color: tone[limit.level], text_font_size: "14px" }));
  }
  for (const [place, line] of given.lines.entries()) draw(plot, line, place, given, tone);
  return Bokeh.Plotting.show(plot, figure.appendChild(document.createElement("div")));
}

async function showAll() {
  for (const figure of document.querySelectorAll("[data-chart]")) {
    await show(figure);
    figure.dataset.drawn = "";
  }
}

await load("bokeh.min.js");
await load("bokeh-api.min.js");
await showAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showAll);
