// Amounts or counts over time: this period as an area, last year as a dashed line.
import { axisMoney, count, money } from "../numbers.js";
import { overTime } from "./over_time.js";

// A longer period reads better as the mean of the seven days up to each day.
const SMOOTH_FROM_DAYS = 45;
const WINDOW = 7;

// A day without a figure has no mean, and does not count in the mean of the days after it.
function smoothed(values) {
  return values.map((value, i) => {
    if (value === null) return null;
    const known = values.slice(Math.max(0, i - WINDOW + 1), i + 1).filter((v) => v !== null);
    return Math.round(known.reduce((sum, v) => sum + v, 0) / known.length);
  });
}

export function trend({ x, series, short_x: shortX, smooth_note: note, unit }, kit) {
  const counted = unit === "count";
  // How many there are is no amount of a day: a mean of several says nothing.
  const smooth = !counted && x.length >= SMOOTH_FROM_DAYS;
  const shown = counted ? count : money;
  const tick = counted ? (v, words) => count(v, words, true) : axisMoney;
  const colours = [kit.colour("primary"), kit.colour("second")];
  const drawn = series.map(({ name, values }, i) => ({
    name: smooth && i === 0 ? `${name} · ${note}` : name,
    type: "line",
    data: smooth ? smoothed(values) : values,
    showSymbol: false,
    smooth: 0.2,
    smoothMonotone: "x",
    color: colours[i],
    lineStyle: { width: i ? 1.6 : 2.4, type: i ? "dashed" : "solid" },
    areaStyle: i ? undefined : { color: kit.colour("area") },
    emphasis: { disabled: true },
  }));
  const written = (v) => shown(v, kit.words);
  const minInterval = counted ? 1 : 0;
  const said = { x, shortX, series, colours, tick: (v) => tick(v, kit.words), written, minInterval };
  return {
    ...overTime(said, kit),
    series: drawn,
  };
}
