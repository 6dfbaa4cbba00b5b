// How long ago it was, in one unit: 8 s, 3 min, 2 h, 5 d. Pages are kept, so they cannot say it themselves.
// Without JavaScript, or where the clock of this machine is behind, the instant stays.

const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];
// As far as clocks may be apart.
const PATIENCE = 60;

function age(seconds) {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? UNITS.at(-1);
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

function tell() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const seconds = Math.round((Date.now() - Date.parse(time.dateTime)) / 1_000);
    time.title ||= time.textContent;
    time.textContent = seconds < -PATIENCE ? time.title : age(Math.max(0, seconds));
  }
}

tell();
setInterval(tell, 1_000);
