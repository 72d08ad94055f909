// Counts or shares over time: one line each, or areas on top of each other.
import { count, percent } from "../numbers.js";

export function lines({ x, short_x: shortX, series, unit, stacked }, kit) {
  const written = (v) => (unit === "ratio" ? percent(v) : count(v, kit.words));
  const tick = (v) => (unit === "ratio" ? percent(v) : count(v, kit.words, true));
  const ownColours = ["primary", "second", "stage-active"].map((name) => kit.colour(name));
  const colours = series.map(({ code }, i) => (code ? kit.colour(code) : ownColours[i]));
  const line = { lineStyle: { color: kit.colour("line") } };
  return {
    grid: { left: 8, right: 12, top: 38, bottom: 4, containLabel: true },
    legend: {
      top: 0,
      right: 0,
      itemWidth: 14,
      itemHeight: 8,
      icon: "roundRect",
      type: "scroll",
      textStyle: { color: kit.colour("muted") },
    },
    xAxis: {
      type: "category",
      data: shortX,
      boundaryGap: false,
      axisTick: { show: false },
      axisLine: line,
      axisLabel: { color: kit.colour("muted"), hideOverlap: true },
    },
    yAxis: {
      type: "value",
      splitLine: line,
      axisLabel: { color: kit.colour("muted"), formatter: tick },
    },
    tooltip: {
      trigger: "axis",
      ...kit.tipBox,
      formatter: (points) => {
        const i = points[0].dataIndex;
        const rows = series
          .map(({ name, values }, s) => [name, values[i], colours[s]])
          .filter(([, value]) => value !== null)
          .map(([name, value, colour]) => [name, written(value), colour]);
        return kit.tip(x[i], rows);
      },
    },
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
