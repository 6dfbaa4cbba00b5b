// Keeps the page live: asks for what changed, counts down, draws. Without it the page reads the same.

const live = document.getElementById("live");
const HEIGHT = 150;
const GRID = { stroke: "rgba(128, 128, 128, 0.25)" };
const COLORS = { p50: "#2f81f7", p99: "#d9730d" };
// The server's clock is what the times are of; this one may differ.
const skew = new Date(document.body.dataset.now) - Date.now();
const charts = new Map();

const utc = (seconds) => new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19);

function inWords(seconds) {
  const size = Math.abs(seconds);
  const [count, unit] = size < 120 ? [size, "s"] : size < 7200 ? [size / 60, "min"] : size < 172800 ? [size / 3600, "h"] : [size / 86400, "d"];
  return `${Math.floor(count)} ${unit}`;
}

// What the server writes is UTC; the viewer's own time is beside it, or where one points at it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const hereAndNow = new Intl.DateTimeFormat("sv", { dateStyle: "short", timeStyle: "medium" });

function tellZone() {
  const isUtc = new Date().getTimezoneOffset() === 0;
  for (const time of document.querySelectorAll("time[datetime]:not([data-zoned])")) {
    const own = isUtc ? "" : `${hereAndNow.format(new Date(time.dateTime))} ${zone}`;
    const counts = "countdown" in time.dataset;
    time.dataset.zoned = "";
    time.title = [counts && `${time.title || time.textContent} UTC`, own].filter(Boolean).join(", ");
    const isThere = time.nextElementSibling?.textContent.endsWith(zone);
    if (own && "beside" in time.dataset && !isThere) {
      const beside = document.createElement("span");
      beside.className = "quiet";
      // The date once, where it is the same.
      beside.textContent = ` ${own.startsWith(time.textContent.slice(0, 10)) ? own.slice(11) : own}`;
      time.after(beside);
    }
  }
  const said = document.querySelector("[data-zone]");
  if (said && !isUtc) said.textContent = `; point at one for yours, ${zone}`;
}

function countDown() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[data-countdown]")) {
    const seconds = (new Date(time.dateTime) - Date.now() - skew) / 1000;
    time.textContent = seconds >= 1 ? `in ${inWords(seconds)}` : seconds > -2 ? "now" : `${inWords(seconds)} ago`;
  }
}

// The date where the marks are days, the time of day where they are closer.
function marks(plot, splits, axis, space, step) {
  if (step >= 86400) return splits.map((seconds) => utc(seconds).slice(0, 10));
  return splits.map((seconds) => utc(seconds).slice(11, step >= 60 ? 16 : 19));
}

function draw(place, points) {
  const stroke = () => getComputedStyle(place).color;
  const axis = { stroke, grid: GRID, ticks: GRID };
  const line = (name) => ({
    label: name, stroke: COLORS[name], width: 2, dash: name === "p99" ? [6, 3] : undefined, points: { show: false },
  });
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      scales: { y: { range: (plot, least, most) => [0, Math.max(1, most * 1.1)] } },
      axes: [{ ...axis, space: 90, values: marks }, { ...axis, size: 64 }],
      series: [{ label: "UTC", value: (plot, seconds) => (seconds === null ? "–" : utc(seconds)) }, line("p50"), line("p99")],
    },
    points,
    place,
  );
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw(false, true));
  return chart;
}

function drawAll() {
  for (const place of live.querySelectorAll("[data-chart]")) {
    const series = JSON.parse(document.getElementById(`series-${place.dataset.job}`).textContent);
    const points = [series.time, series[`${place.dataset.chart}_p50`], series[`${place.dataset.chart}_p99`]];
    if (series.time.length < 2) continue; // a point is no line yet
    const known = charts.get(place.id);
    if (known && place.contains(known.root)) known.setData(points);
    else charts.set(place.id, draw(place, points));
  }
}

live.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["If-None-Match"] = live.dataset.etag;
});
live.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});
live.addEventListener("htmx:afterRequest", (event) => {
  live.dataset.etag = event.detail.xhr.getResponseHeader("ETag") ?? live.dataset.etag;
});
// What somebody opened stays open though its content changes.
const opened = new Set();
live.addEventListener("toggle", ({ target }) => {
  if (target.id?.startsWith("more-")) opened[target.open ? "add" : "delete"](target.id);
}, true);
live.addEventListener("htmx:afterSettle", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  tellZone();
  countDown();
  drawAll();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && live.hasAttribute("hx-get")) htmx.trigger(live, "look-again");
});

tellZone();
countDown();
drawAll();
setInterval(countDown, 1000);
