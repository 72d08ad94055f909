// Amounts or counts over time: this period as an area, last year as a dashed line.
import { axisMoney, count, money } from "../numbers.js";

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
  const line = { lineStyle: { color: kit.colour("line") } };
  return {
    grid: { left: 8, right: 12, top: 38, bottom: 4, containLabel: true },
    legend: {
      top: 0,
      right: 0,
      itemWidth: 14,
      itemHeight: 8,
      icon: "roundRect",
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
      minInterval: counted ? 1 : 0,
      splitLine: line,
      axisLabel: { color: kit.colour("muted"), formatter: (v) => tick(v, kit.words) },
    },
    tooltip: {
      trigger: "axis",
      ...kit.tipBox,
      formatter: (points) => {
        const i = points[0].dataIndex;
        const rows = series
          .map(({ name, values }, s) => [name, values[i], colours[s]])
          .filter(([, value]) => value !== null)
          .map(([name, value, colour]) => [name, shown(value, kit.words), colour]);
        return kit.tip(x[i], rows);
      },
    },
    series: drawn,
  };
}
