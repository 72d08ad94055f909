// Behaviour of every page: htmx, Tabler's components and the few handlers of our own.
import htmx from "htmx.org";
import { Offcanvas } from "@tabler/core/dist/js/tabler.esm.min.js";
import "./newest.js";

window.htmx = htmx;

const byId = (id) => document.getElementById(id);

/** A bar whose length is data: <ec-bar value="0.43">; the width is set from script for the CSP. */
class Bar extends HTMLElement {
  connectedCallback() {
    const share = Math.max(0, Math.min(1, Number(this.getAttribute("value")) || 0));
    const fill = document.createElement("span");
    fill.style.width = `${share * 100}%`;
    this.replaceChildren(fill);
  }
}
customElements.define("ec-bar", Bar);

function toast(text) {
  const box = document.createElement("div");
  box.className = "ec-toast ec-toast-error";
  box.setAttribute("role", "alert");
  box.textContent = text;
  byId("toasts")?.append(box);
  setTimeout(() => box.remove(), 8000);
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-close]")?.parentElement.remove();
});

// A field of many ticks closes as a select does: on a click elsewhere, or by Escape.
const openChoices = () => document.querySelectorAll("details.ec-choose[open]");
document.addEventListener("click", (event) => {
  for (const field of openChoices()) if (!field.contains(event.target)) field.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const field of openChoices()) {
    field.open = false;
    if (field.contains(document.activeElement)) field.querySelector("summary").focus();
  }
});

// What is ticked stands in the closed field.
document.addEventListener("change", (event) => {
  const field = event.target.closest("details.ec-choose");
  const shown = field?.querySelector("[data-none]");
  if (!shown) return;
  const texts = [...field.querySelectorAll(":checked")].map((tick) => tick.parentElement.innerText);
  for (const typed of field.querySelectorAll("input:not([type=checkbox])")) texts.push(typed.value);
  shown.textContent = texts.map((text) => text.trim()).filter(Boolean).join(", ") || shown.dataset.none;
});

// A condition or group goes with all below it; the keyboard goes on at what added it.
document.addEventListener("click", (event) => {
  const node = event.target.closest("[data-remove-node]")?.closest("[data-node]");
  if (!node) return;
  const group = node.parentElement.closest("[data-node]");
  node.remove();
  group.querySelector(":scope > .ec-rule-add [data-add]").focus();
  group.dispatchEvent(new CustomEvent("change", { bubbles: true }));
});

// A form that needs no button: changing a field sends it.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
});

// Light and dark change at once; the cookie makes the server render the next page the same way.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-switch]")) return;
  event.preventDefault();
  const root = document.documentElement;
  const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=31536000; SameSite=Lax${secure}`;
  root.dataset.bsTheme = theme;
  event.target.querySelector("button").value = theme === "dark" ? "light" : "dark";
  document.dispatchEvent(new CustomEvent("themechange"));
});

document.addEventListener("htmx:configRequest", (event) => {
  const { verb, parameters } = event.detail;
  if (verb !== "get") return;
  for (const name of new Set(parameters.keys?.() ?? Object.keys(parameters))) {
    if (parameters[name] === "") delete parameters[name];
  }
});

const quiet = (event) => Boolean(event.target.closest?.("[data-tray], [data-quiet]"));
let waiting = 0;
function busy(step) {
  waiting = Math.max(0, waiting + step);
  document.body.classList.toggle("ec-is-busy", waiting > 0);
}
document.addEventListener("htmx:beforeRequest", (event) => quiet(event) || busy(1));
document.addEventListener("htmx:afterRequest", (event) => quiet(event) || busy(-1));
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (quiet(event)) return;
    const words = byId("toasts").dataset;
    const status = event.detail.xhr?.status;
    toast(status === 401 || status === 403 ? words.denied : words.failed);
  });
}

// The side bar is a dialog, and needs a name, only while it slides in on a small screen.
document.addEventListener("show.bs.offcanvas", ({ target }) => {
  if (target.dataset.dialogName) target.setAttribute("aria-label", target.dataset.dialogName);
});
document.addEventListener("hidden.bs.offcanvas", ({ target }) => {
  if (target.dataset.dialogName) target.removeAttribute("aria-label");
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "drawer-body") Offcanvas.getOrCreateInstance(byId("drawer")).show();
});
document.addEventListener("htmx:load", (event) => {
  const tray = event.target.closest?.("[data-tray]");
  const body = tray?.querySelector("[data-unfinished]");
  if (body) tray.querySelector(".ec-dot").hidden = body.dataset.unfinished === "0";
});
