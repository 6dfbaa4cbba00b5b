// Draws the score history from the numbers that the page carries; the table below it says the same.

const HEIGHT = 220;
const GRID = { stroke: "rgba(128, 128, 128, 0.25)" };
const DAY = 86_400;
const points = document.getElementById("score-chart-points");
const place = document.getElementById("score-chart");

const utc = (seconds) => new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19);

// The date where the marks are days, the time of day where they are closer.
function marks(plot, splits, axis, space, step) {
  if (step >= DAY) return splits.map((seconds) => utc(seconds).slice(0, 10));
  return splits.map((seconds) => utc(seconds).slice(11, step >= 60 ? 16 : 19));
}

function draw({ time, score }) {
  // Asked again at each drawing, so that the chart follows a change of the page's theme.
  const stroke = () => getComputedStyle(place).color;
  const axis = { stroke, grid: GRID, ticks: GRID };
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      scales: { y: { range: (plot, least, most) => [Math.max(0, least - 1), Math.min(100, most + 1)] } },
      axes: [{ ...axis, space: 90, values: marks }, { ...axis, size: 56 }],
      series: [
        { label: "UTC", value: (plot, seconds) => (seconds === null ? "–" : utc(seconds)) },
        { label: "Score", stroke: "#2f81f7", width: 2, points: { show: time.length < 60 } },
      ],
    },
    [time, score],
    place,
  );
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  const redraw = () => chart.redraw(false, true);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

if (points && place) draw(JSON.parse(points.textContent));
