// Charts: <ec-chart src label> fetches what is to be shown and a recipe per kind draws it.
import { LineChart, SankeyChart, TreemapChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { pageWords } from "./numbers.js";
import { lines } from "./recipes/lines.js";
import { sankey } from "./recipes/sankey.js";
import { treemap } from "./recipes/treemap.js";
import { trend } from "./recipes/trend.js";

echarts.use([
  LineChart,
  SankeyChart,
  TreemapChart,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  CanvasRenderer,
]);

const RECIPES = { lines, sankey, treemap, trend };

/** Colours and fonts of the present theme, from the style sheet's own variables. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--ec-${name}`).trim();
  return { colour, font: getComputedStyle(document.body).fontFamily };
}

/** A tooltip as a DOM node: inline style attributes in HTML would break the security policy. */
function tip(title, rows) {
  const box = document.createElement("div");
  box.className = "ec-tip";
  const head = document.createElement("b");
  head.textContent = title;
  box.append(head);
  for (const [name, value, colour] of rows) {
    const row = document.createElement("div");
    if (colour) {
      const dot = document.createElement("i");
      dot.style.background = colour;
      row.append(dot);
    }
    const label = document.createElement("span");
    label.textContent = name;
    const text = document.createElement("strong");
    text.textContent = value;
    row.append(label, text);
    box.append(row);
  }
  return box;
}

// The box around a tooltip stays invisible: the node inside has the look.
const tipBox = {
  confine: true,
  padding: 0,
  borderWidth: 0,
  backgroundColor: "transparent",
  extraCssText: "box-shadow:none",
};

class Chart extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "img");
    this.setAttribute("aria-label", this.getAttribute("label") ?? "");
    this.redraw = () => this.data && this.draw();
    document.addEventListener("themechange", this.redraw);
    this.observer = new ResizeObserver(() => this.chart?.resize());
    this.observer.observe(this);
    this.load();
  }

  disconnectedCallback() {
    document.removeEventListener("themechange", this.redraw);
    this.observer.disconnect();
    this.chart?.dispose();
  }

  async load() {
    this.dataset.state = "loading";
    try {
      const answer = await fetch(this.getAttribute("src"), { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      this.data = await answer.json();
    } catch {
      return this.failed();
    }
    if (!this.isConnected) return;
    if (this.data.empty) return this.say("empty", this.data.empty);
    this.setAttribute("aria-label", `${this.getAttribute("label")}. ${this.data.summary ?? ""}`);
    this.draw();
  }

  draw() {
    this.dataset.state = "ready";
    this.chart?.dispose();
    const canvas = document.createElement("div");
    canvas.className = "ec-chart-canvas";
    this.replaceChildren(canvas);
    this.chart = echarts.init(canvas, null, { renderer: "canvas" });
    const kit = { words: pageWords(), tip, tipBox, ...palette() };
    this.chart.setOption({
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      animationDuration: 400,
      textStyle: { fontFamily: kit.font, fontSize: 12, color: kit.colour("text") },
      ...RECIPES[this.data.kind](this.data, kit),
    });
    this.chart.on("click", ({ data }) => data?.url && location.assign(data.url));
  }

  failed() {
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "btn btn-sm";
    retry.textContent = this.getAttribute("retry");
    retry.addEventListener("click", () => this.load());
    this.removeAttribute("role");
    this.say("error", "", retry);
  }

  say(state, text, ...extra) {
    this.dataset.state = state;
    const line = document.createElement("p");
    line.textContent = text;
    this.replaceChildren(...(text ? [line] : []), ...extra);
  }
}
customElements.define("ec-chart", Chart);
