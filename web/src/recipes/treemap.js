// Groups as tiles: the area is the number of members, a click opens the group's list.
import { count, money, percent } from "../numbers.js";

// Below these shares a tile has no room for more lines, and then for any.
const DETAILS_FROM = 0.1;
const COUNT_FROM = 0.04;
const NAME_FROM = 0.012;

export function treemap({ nodes, words: text }, kit) {
  const label = ({ data }) => {
    if (data.share < NAME_FROM) return "";
    if (data.share < COUNT_FROM) return data.name;
    const lines = [`{name|${data.name}}`];
    const members = count(data.value, kit.words);
    if (data.share >= DETAILS_FROM) lines.push(`{count|${members} ${text.unit}}`);
    else if (data.share >= COUNT_FROM) lines.push(`{small|${members}}`);
    if (data.share >= DETAILS_FROM) {
      lines.push(`{more|${percent(data.share)} · ${money(data.money, kit.words, true)}}`);
    }
    return lines.join("\n");
  };
  return {
    tooltip: {
      ...kit.tipBox,
      formatter: ({ data }) =>
        kit.tip(data.name, [
          [text.members, count(data.value, kit.words)],
          [text.share, percent(data.share)],
          [text.sales, money(data.money, kit.words)],
          ...(data.advice ? [[data.advice, ""]] : []),
        ]),
    },
    series: [
      {
        type: "treemap",
        left: 0,
        top: 0,
        right: 0,
        bottom: 0,
        roam: false,
        nodeClick: false,
        breadcrumb: { show: false },
        cursor: "pointer",
        data: nodes.map((node) => ({
          ...node,
          itemStyle: { color: kit.colour(`rfm-${node.code}`) },
          // A narrow tile wraps its name; rich text would lose its line ends with that.
          label: node.share < COUNT_FROM ? { overflow: "break", padding: [5, 4] } : undefined,
        })),
        itemStyle: { gapWidth: 3, borderWidth: 0, borderRadius: 4, borderColor: "transparent" },
        label: {
          position: "insideTopLeft",
          padding: [6, 8],
          color: "#fff",
          fontSize: 12,
          overflow: "truncate",
          formatter: label,
          rich: {
            name: { fontSize: 13, fontWeight: 600, lineHeight: 19, color: "#fff" },
            count: { fontSize: 16, fontWeight: 700, lineHeight: 24, color: "#fff" },
            small: { fontSize: 13, lineHeight: 20, color: "#fff" },
            more: { fontSize: 12, lineHeight: 18, color: "#fff" },
          },
        },
        emphasis: { itemStyle: { borderColor: kit.colour("text"), borderWidth: 2 } },
      },
    ],
  };
}
