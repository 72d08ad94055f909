// What every picture over time has: days along the bottom, a legend, all lines in one tip.
export function overTime({ x, shortX, series, colours, tick, written, minInterval = 0 }, kit) {
  const line = { lineStyle: { color: kit.colour("line") } };
  const muted = kit.colour("muted");
  return {
    grid: { left: 8, right: 12, top: 38, bottom: 4, containLabel: true },
    legend: {
      top: 0,
      right: 0,
      itemWidth: 14,
      itemHeight: 8,
      icon: "roundRect",
      type: "scroll",
      textStyle: { color: muted },
    },
    xAxis: {
      type: "category",
      data: shortX,
      boundaryGap: false,
      axisTick: { show: false },
      axisLine: line,
      axisLabel: { color: muted, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      minInterval,
      splitLine: line,
      axisLabel: { color: muted, formatter: tick },
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
  };
}
