// Counts or shares over time: one line each, or areas on top of each other.
import { count, percent } from "../numbers.js";
import { overTime } from "./over_time.js";

export function lines({ x, short_x: shortX, series, unit, stacked }, kit) {
  const written = (v) => (unit === "ratio" ? percent(v) : count(v, kit.words));
  const tick = (v) => (unit === "ratio" ? percent(v) : count(v, kit.words, true));
  const ownColours = ["primary", "second", "stage-active"].map((name) => kit.colour(name));
  const colours = series.map(({ code }, i) => (code ? kit.colour(code) : ownColours[i]));
  return {
    ...overTime({ x, shortX, series, colours, tick, written }, kit),
    series: series.map(({ name, values, dashed }, i) => ({
      name,
      type: "line",
      data: values,
      showSymbol: false,
      stack: stacked ? "all" : undefined,
      color: colours[i],
      lineStyle: { width: stacked ? 1 : 2.2, type: dashed ? "dashed" : "solid" },
      areaStyle: stacked ? { opacity: 0.55 } : undefined,
      emphasis: { disabled: true },
    })),
  };
}
