// Draws the charts of a page from the JSON beside them, and saves one as a picture. Without it the tables are shown.
"use strict";

const NARROW = 600; // px: below this a figure's `narrow` part applies
const PRINTED = 660; // px: the width of a page of A4 between its margins
const PICTURE = { width: 1000, scale: 2 };
const FONT = "Inter, system-ui, sans-serif";
const CONFIG = {
  displayModeBar: false,
  responsive: true,
  locale: document.documentElement.lang === "en" ? "en" : "nb",
  scrollZoom: false,
  doubleClick: false,
  showTips: false,
};

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// `change` laid over `base`, level by level; lists are replaced.
function over(base, change) {
  if (!isObject(base) || !isObject(change)) return change === undefined ? base : change;
  const merged = { ...base };
  for (const key of Object.keys(change)) merged[key] = over(base[key], change[key]);
  return merged;
}

// Plotly writes into what it is given: each drawing gets a copy of its own.
function fitting(figure, width) {
  const { data, layout, narrow } = structuredClone(figure);
  if (width >= NARROW) return { data, layout };
  return { data: data.map((trace, i) => over(trace, narrow.data?.[i])), layout: over(layout, narrow.layout) };
}

function draw(chart) {
  const { plot, figure } = chart;
  const { data, layout } = fitting(figure, plot.clientWidth);
  chart.narrow = plot.clientWidth < NARROW;
  plot.style.height = `${layout.height}px`;
  return Plotly.react(plot, data, layout, CONFIG);
}

// Drawn anew for another width: on its own Plotly keeps the width that a drawing had.
const redraw = (chart) => draw(chart).then(() => Plotly.Plots.resize(chart.plot));

function prepare(element) {
  const plot = element.querySelector(".chart__plot");
  const chart = { element, plot, figure: JSON.parse(document.getElementById(element.dataset.chart).textContent) };
  plot.replaceChildren();
  draw(chart);
  new ResizeObserver(() => {
    if (plot.clientWidth && chart.narrow !== plot.clientWidth < NARROW) redraw(chart);
  }).observe(plot);
  const button = element.querySelector("[data-chart-png]");
  button.hidden = false;
  button.addEventListener("click", () => save(chart));
  return chart;
}

// --- Picture ---------------------------------------------------------------------------------------------------

// Breaks a text into lines that are no wider than the picture.
function lines(text, font, width) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = font;
  return text.split(/[ \n]+/).reduce((done, word) => {
    const longer = `${done.at(-1)} ${word}`.trim();
    if (pen.measureText(longer).width <= width) return [...done.slice(0, -1), longer];
    return [...done, word];
  }, [""]);
}

// The figure as it leaves the page: with its title, its message and its source on it.
function pictured({ element, figure }) {
  const text = (name) => element.querySelector(name)?.textContent.trim() ?? "";
  const inner = PICTURE.width - 48;
  const parts = [
    { rows: lines(text(".chart__title"), `650 20px ${FONT}`, inner), size: 20, weight: 650, color: "#292C30" },
    { rows: lines(text(".chart__message"), `400 15px ${FONT}`, inner), size: 15, weight: 400, color: "#292C30" },
  ];
  const below = `${text(".chart__reading")} ${text(".chart__source")}`.trim();
  const source = { rows: lines(below, `400 12px ${FONT}`, inner), size: 12, weight: 400, color: "#5B5D60" };
  const { data, layout } = fitting(figure, PICTURE.width);
  const tall = (part) => part.rows.length * part.size * 1.35 + 8;
  const head = 24 + parts.reduce((sum, part) => sum + tall(part), 0) + 8;
  const foot = tall(source) + 16;
  const { l, r, t, b } = layout.margin;
  const corner = { xref: "paper", yref: "paper", x: 0, xanchor: "left", xshift: -l, yanchor: "top" };
  const words = ({ rows, size, weight, color }) => ({
    ...corner,
    showarrow: false,
    align: "left",
    text: rows.map((row) => row.replaceAll("<", "&lt;")).join("<br>"),
    font: { family: FONT, size, weight, color },
  });
  let at = head + t - 24;
  const notes = parts.map((part) => {
    const placed = { ...words(part), y: 1, yshift: at };
    at -= tall(part);
    return placed;
  });
  notes.push({ ...words(source), y: 0, yshift: -b - 8 });
  const margin = { l: l + 24, r: r + 24, t: t + head, b: b + foot, pad: 0 };
  const height = layout.height + head + foot;
  const annotations = [...(layout.annotations ?? []), ...notes];
  return { data, layout: { ...layout, margin, height, width: PICTURE.width, annotations } };
}

// A picture cannot fetch the page's font: it is put into it.
async function fontFace() {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const isLatin = ({ style }) => /Inter/.test(style.fontFamily) && /U\+0-FF|U\+0000-00FF/i.test(style.unicodeRange);
  const face = rules.find((rule) => rule instanceof CSSFontFaceRule && isLatin(rule));
  const address = face?.style.src.match(/url\("?([^")]+)"?\)/)?.[1];
  if (!address) return "";
  const bytes = new Uint8Array(await (await fetch(new URL(address, face.parentStyleSheet.href))).arrayBuffer());
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const source = `url(data:font/woff2;base64,${btoa(letters)})`;
  return `<style>@font-face{font-family:Inter;font-weight:100 900;src:${source}}</style>`;
}

async function save(chart) {
  const { data, layout } = pictured(chart);
  const { width, height } = layout;
  const address = await Plotly.toImage({ data, layout, config: CONFIG }, { format: "svg", width, height });
  const drawn = decodeURIComponent(address.slice(address.indexOf(",") + 1));
  const svg = drawn.replace(/<svg[^>]*>/, `$&${await fontFace()}`);
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const size = { width: width * PICTURE.scale, height: height * PICTURE.scale };
  const canvas = Object.assign(document.createElement("canvas"), size);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${chart.element.dataset.name}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

// --- Print -----------------------------------------------------------------------------------------------------

// Paper has its own width, and shows the tables.
function followPrinting(charts) {
  const opened = new Set();
  addEventListener("beforeprint", () => {
    for (const { plot } of charts) Plotly.relayout(plot, { width: PRINTED });
    for (const details of document.querySelectorAll(".chart__numbers:not([open])")) {
      details.open = true;
      opened.add(details);
    }
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened.clear();
    charts.forEach(redraw);
  });
}

function start() {
  const elements = [...document.querySelectorAll("figure[data-chart]")];
  if (!window.Plotly) {
    for (const element of elements) element.querySelector(".chart__plot").hidden = true;
    return;
  }
  Plotly.register({ moduleType: "locale", name: "nb", dictionary: {}, format: { decimal: ",", thousands: "\u202f" } });
  followPrinting(elements.map(prepare));
}

start();
