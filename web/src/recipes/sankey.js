// Members moving between stages: before on the left, now on the right.
import { count } from "../numbers.js";

// Room for the labels beside the right-hand nodes.
const RIGHT_LABELS = 118;

export function sankey({ nodes, links, words: text }, kit) {
  const names = new Map(nodes.map((node) => [node.id, node]));
  return {
    tooltip: {
      ...kit.tipBox,
      formatter: ({ data, dataType }) => {
        const title =
          dataType === "edge"
            ? `${names.get(data.source).name} → ${names.get(data.target).name}`
            : names.get(data.name).name;
        return kit.tip(title, [[text.members, count(data.value, kit.words)]]);
      },
    },
    series: [
      {
        type: "sankey",
        left: 4,
        right: RIGHT_LABELS,
        top: 8,
        bottom: 8,
        nodeWidth: 12,
        nodeGap: 14,
        draggable: false,
        layoutIterations: 0,
        emphasis: { focus: "adjacency" },
        data: nodes.map((node) => ({
          name: node.id,
          value: node.value,
          depth: node.depth,
          url: node.url,
          itemStyle: { color: kit.colour(`stage-${node.code}`), borderWidth: 0 },
        })),
        links,
        lineStyle: { color: "source", opacity: 0.25, curveness: 0.5 },
        label: {
          color: kit.colour("text"),
          fontSize: 12,
          position: "right",
          formatter: ({ name }) =>
            `${names.get(name).name} ${count(names.get(name).value, kit.words)}`,
        },
      },
    ],
  };
}
