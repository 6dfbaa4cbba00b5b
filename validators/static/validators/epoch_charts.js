// Draws performance and commission by epoch from the numbers that the page carries; the table says the same.

const HEIGHT = 180;
const GRID = { stroke: "rgba(128, 128, 128, 0.25)" };
const points = document.getElementById("epoch-chart-points");

function draw(place, label, epochs, values, least) {
  // Asked again at each drawing, so that the chart follows a change of the theme.
  const stroke = () => getComputedStyle(place).color;
  const axis = { stroke, grid: GRID, ticks: GRID };
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      scales: {
        x: { time: false },
        y: { range: (plot, low, high) => [Math.max(0, (low ?? 0) - least), (high ?? 1) + least] },
      },
      // An epoch is a name: by itself uPlot writes 1,090.
      axes: [{ ...axis, incrs: [1, 2, 5, 10, 20, 50], values: (plot, epochs) => epochs.map(String) }, { ...axis, size: 56 }],
      series: [
        { label: "Epoch", value: (plot, epoch) => epoch ?? "–" },
        {
          label,
          stroke: "#2f81f7",
          width: 2,
          spanGaps: false,
          points: { show: epochs.length < 60 },
          value: (plot, percent) => (percent == null ? "–" : `${percent.toFixed(2)} %`),
        },
      ],
    },
    [epochs, values],
    place,
  );
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw(false, true));
}

if (points) {
  const { epoch, performance, commission } = JSON.parse(points.textContent);
  draw(document.getElementById("performance-chart"), "Vote performance", epoch, performance, 0.5);
  draw(document.getElementById("commission-chart"), "Commission", epoch, commission, 1);
}
