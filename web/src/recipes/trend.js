// Amounts per day: this period as an area, last year as a dashed line.
import { axisMoney, money } from "../numbers.js";

// A longer period reads better as the mean of the seven days up to each day.
const SMOOTH_FROM_DAYS = 45;
const WINDOW = 7;

function smoothed(values) {
  let sum = 0;
  return values.map((value, i) => {
    sum += value - (i >= WINDOW ? values[i - WINDOW] : 0);
    return Math.round(sum / Math.min(i + 1, WINDOW));
  });
}

export function trend({ x, series, short_x: shortX, smooth_note: note }, kit) {
  const smooth = x.length >= SMOOTH_FROM_DAYS;
  const colours = [kit.colour("primary"), kit.colour("second")];
  const drawn = series.map(({ name, values }, i) => ({
    name: smooth && i === 0 ? `${name} · ${note}` : name,
    type: "line",
    data: smooth ? smoothed(values) : values,
    showSymbol: false,
    smooth: 0.2,
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
      splitLine: line,
      axisLabel: { color: kit.colour("muted"), formatter: (v) => axisMoney(v, kit.words) },
    },
    tooltip: {
      trigger: "axis",
      ...kit.tipBox,
      formatter: (points) => {
        const i = points[0].dataIndex;
        const rows = series.map(({ name, values }, s) => [name, money(values[i], kit.words), colours[s]]);
        return kit.tip(x[i], rows);
      },
    },
    series: drawn,
  };
}
