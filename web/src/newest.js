// What the operator did last is what counts, however fast they are and however late an answer is.
import htmx from "htmx.org";

// A select is searched by typing, and every letter picks the first entry that fits so far. Browsers
// begin a new search a second after the last letter; from then on the entry is chosen.
const SEARCH_ENDS_MS = 1000;
let search = null;

function endSearch() {
  const { select, timer, found } = search;
  search = null;
  clearTimeout(timer);
  if (found && select.isConnected) select.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener(
  "keydown",
  ({ target, key, ctrlKey, metaKey, altKey }) => {
    if (!target.matches?.("select") || key.length !== 1 || ctrlKey || metaKey || altKey) return;
    if (search && search.select !== target) endSearch();
    clearTimeout(search?.timer);
    const found = Boolean(search?.found);
    search = { select: target, found, timer: setTimeout(endSearch, SEARCH_ENDS_MS) };
  },
  true,
);
for (const name of ["input", "change"]) {
  document.addEventListener(
    name,
    (event) => {
      if (!event.isTrusted || search?.select !== event.target) return;
      search.found = true;
      event.stopImmediatePropagation();
    },
    true,
  );
}
document.addEventListener("focusout", (event) => {
  if (search?.select === event.target) endSearch();
});

// A box of fields that answers draw anew (data-keeps-newest) asks one thing at a time. An answer that
// is not about its fields as they are by now is let go and asked for again; buttons pressed
// meanwhile have their turn afterwards. Whatever asks has an id, for it is drawn anew as well.
const asking = new Map();
const stateOf = (box) =>
  JSON.stringify([...box.querySelectorAll("input, select, textarea")].map((f) => [f.value, f.checked]));
const askingFor = ({ target }) => (target.matches("[data-keeps-newest]") ? asking.get(target.id) : null);

function askNext(turns) {
  const turn = turns.shift();
  const asker = turn && document.getElementById(turn.id);
  if (!asker) return turn && askNext(turns);
  htmx.trigger(asker, turn.event);
  const asked = asking.get(htmx.closest(asker, "[data-keeps-newest]")?.id);
  if (asked) asked.turns.push(...turns);
}

document.addEventListener("htmx:confirm", (event) => {
  const asked = askingFor(event.detail);
  if (!asked) return;
  event.preventDefault();
  const { elt, triggeringEvent } = event.detail;
  if (triggeringEvent.type === "click") asked.turns.push({ id: elt.id, event: "click" });
});
document.addEventListener("htmx:beforeRequest", ({ detail: { target } }) => {
  if (!target.matches("[data-keeps-newest]")) return;
  asking.set(target.id, { state: stateOf(target), turns: [] });
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asked = askingFor(detail);
  if (!asked || !detail.shouldSwap || asked.state === stateOf(detail.target)) return;
  detail.shouldSwap = false;
  const { elt, triggeringEvent } = detail.requestConfig;
  asked.turns.unshift({ id: elt.id, event: triggeringEvent.type });
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const asked = askingFor(detail);
  if (!asked) return;
  asking.delete(detail.target.id);
  // Once htmx is through with the request: until then it holds back the next.
  setTimeout(() => askNext(asked.turns));
});
