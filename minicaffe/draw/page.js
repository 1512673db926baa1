"use strict";
// The page of a net. All that it shows is in #facts (JSON) and the templates (a picture for each
// state); text is set as text, never as markup.
(() => {
const facts = JSON.parse(document.getElementById("facts").textContent);
const pictures = [...document.querySelectorAll("template")];
const at = (id) => document.getElementById(id);
const graph = at("graph"), list = at("layers"), search = at("search"), details = at("details");
const SMALLEST = 0.05, LARGEST = 4, READABLE = 0.75, STEP = 1.25, FLOAT = 4;

let state = 0;        // the number of the state that is shown
let selected = null;  // the number of a layer in it
let scale = 1;
let svg = null;
let groups = [];      // for each layer its group in the picture
let after = [], before = [];  // for each layer where arrows lead

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const number = (value) => value.toLocaleString("en");
const shapeText = (shape) => shape.join("×") || "scalar";
function sizeText(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit + 1 < units.length) { bytes /= 1024; unit += 1; }
  return `${unit ? bytes.toFixed(1) : bytes} ${units[unit]}`;
}
const small = (value) => Number(value.toPrecision(4)).toString();
const layersHere = () => facts.states[state].layers;
const factsOf = (index) => facts.layers[layersHere()[index].facts];
function worst(findings) {
  const kinds = findings.map((finding) => finding.severity);
  return kinds.includes("error") ? "error" : kinds.includes("warning") ? "warning" : "";
}

// ------------------------------------------------------------------------------------ states

function stateButtons() {
  const place = at("states");
  const all = facts.states;
  const add = (title, values, of, shown) => {
    const different = [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
    if (different.length < 2) return;
    const buttons = different.map((value) => make("button", {
      type: "button", "aria-pressed": "false", "data-of": of, "data-value": JSON.stringify(value),
      onclick: () => choose(of, value),
    }, shown(value)));
    place.append(make("span", {class: "choice", role: "group", "aria-label": title},
      make("span", {}, title), ...buttons));
  };
  add("phase", all.map((one) => one.phase), "phase", (value) => value);
  add("level", all.map((one) => one.level), "level", String);
  add("stages", all.map((one) => one.stages), "stages", (value) => value.join(" + ") || "none");
}

function choose(of, value) {
  const wanted = {...facts.states[state], [of]: value};
  const same = (one, keys) => keys.every((key) => JSON.stringify(one[key]) === JSON.stringify(wanted[key]));
  let found = facts.states.findIndex((one) => same(one, ["phase", "level", "stages"]));
  if (found < 0) found = facts.states.findIndex((one) => same(one, [of]));
  show(found);
}

function nextPhase() {
  const others = facts.states.map((one) => one.phase).filter((phase) => phase !== facts.states[state].phase);
  if (others.length) choose("phase", others[0]);
}

function show(index) {
  const name = selected === null ? null : factsOf(selected).name;
  const middle = svg ? graph.scrollTop / Math.max(1, graph.scrollHeight) : 0;
  state = index;
  selected = null;
  graph.replaceChildren(document.importNode(pictures[state].content, true));
  svg = graph.querySelector("svg");
  for (const button of document.querySelectorAll("#states button")) {
    const value = JSON.stringify(facts.states[state][button.dataset.of]);
    button.setAttribute("aria-pressed", String(value === button.dataset.value));
  }
  prepare();
  resize(scale);
  fillList();
  graph.scrollTop = middle * graph.scrollHeight;
  const again = name === null ? -1 : layersHere().findIndex((_, one) => factsOf(one).name === name);
  select(again < 0 ? null : again, {scroll: again >= 0});
}

/** Roles for screen readers, and where the arrows lead. */
function prepare() {
  groups = []; after = []; before = [];
  for (const group of svg.querySelectorAll(".layer")) {
    const index = Number(group.dataset.layer), fact = factsOf(index);
    const shapes = layersHere()[index].shapes;
    const tops = shapes && shapes.length ? `, makes ${shapes.map(shapeText).join(" and ")}` : "";
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "-1");
    group.setAttribute("aria-pressed", "false");
    group.setAttribute("aria-label", `${fact.name}, ${fact.type}${tops}`);
    const kind = worst(fact.findings);
    if (kind) group.classList.add(kind);
    groups[index] = group;
    after[index] = []; before[index] = [];
  }
  for (const block of svg.querySelectorAll(".block")) {
    const inside = [...block.querySelectorAll(".layer")].map((group) => Number(group.dataset.layer));
    inside.slice(1).forEach((index, place) => { after[inside[place]].push(index); before[index].push(inside[place]); });
  }
  for (const wire of svg.querySelectorAll(".wire")) {
    wire.setAttribute("aria-hidden", "true");
    if (wire.dataset.from === "") continue;
    const from = Number(wire.dataset.from), to = Number(wire.dataset.to);
    after[from].push(to); before[to].push(from);
  }
  for (const text of svg.querySelectorAll(".label")) text.setAttribute("aria-hidden", "true");
  if (groups[0]) groups[0].setAttribute("tabindex", "0");
}

// -------------------------------------------------------------------------------------- list

function matches(fact, words) {
  const text = [fact.name, fact.type, ...fact.bottoms, ...fact.tops,
    ...fact.given.map((field) => `${field.name}: ${field.value}`),
    ...fact.findings.map((finding) => finding.code)].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

function fillList() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [];
  let found = 0;
  layersHere().forEach((_, index) => {
    const fact = factsOf(index);
    const hit = matches(fact, words);
    if (groups[index]) groups[index].classList.toggle("hit", hit && words.length > 0);
    if (!hit) return;
    found += 1;
    rows.push(make("li", {
      role: "option", id: `layer-${index}`, "data-layer": index, class: worst(fact.findings),
      "aria-selected": String(index === selected), title: fact.name,
      onclick: () => select(index, {scroll: true}),
    }, make("span", {}, fact.name), make("span", {}, fact.type)));
  });
  graph.classList.toggle("searched", words.length > 0);
  list.replaceChildren(...rows);
  const all = layersHere().length;
  at("count").textContent = words.length ? `${found} of ${all} layers` : `${all} layers`;
  noteActive();
}

function noteActive() {
  const active = selected !== null && at(`layer-${selected}`) ? `layer-${selected}` : null;
  for (const element of [list, search]) {
    if (active) element.setAttribute("aria-activedescendant", active);
    else element.removeAttribute("aria-activedescendant");
  }
  return active;
}

function moveInList(step) {
  const rows = [...list.children].map((row) => Number(row.dataset.layer));
  if (!rows.length) return;
  const here = rows.indexOf(selected);
  const place = here < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + step));
  select(rows[place], {scroll: true});
}

// --------------------------------------------------------------------------------- selection

function select(index, {scroll = false, focus = false} = {}) {
  if (selected !== null && groups[selected]) {
    groups[selected].classList.remove("selected");
    groups[selected].setAttribute("aria-pressed", "false");
    groups[selected].setAttribute("tabindex", "-1");
  }
  for (const row of list.querySelectorAll('[aria-selected="true"]')) row.setAttribute("aria-selected", "false");
  selected = index;
  for (const wire of svg.querySelectorAll(".wire")) {
    const near = index !== null && (wire.dataset.from === String(index) || wire.dataset.to === String(index));
    wire.classList.toggle("near", near);
  }
  const active = noteActive();
  if (active) {
    at(active).setAttribute("aria-selected", "true");
    at(active).scrollIntoView({block: "nearest"});
  }
  if (index !== null && groups[index]) {
    const group = groups[index];
    group.classList.add("selected");
    group.setAttribute("aria-pressed", "true");
    group.setAttribute("tabindex", "0");
    if (scroll) bringIntoView(group);
    if (focus) group.focus({preventScroll: true});
  }
  details.replaceChildren(...(index === null ? aboutNet() : aboutLayer(index)));
  details.scrollTop = 0;
}

function bringIntoView(group) {
  const box = group.getBoundingClientRect(), frame = graph.getBoundingClientRect();
  if (box.top < frame.top + 40 || box.bottom > frame.bottom - 40) {
    graph.scrollTop += box.top - frame.top - frame.height / 2;
  }
  if (box.left < frame.left + 40 || box.right > frame.right - 40) {
    graph.scrollLeft += (box.left + box.right) / 2 - frame.left - frame.width / 2;
  }
}

function layerLink(index, text) {
  return make("button", {type: "button", class: "link", onclick: () => select(index, {scroll: true})}, text);
}

// ------------------------------------------------------------------------------------- panel

function table(rows) {
  return make("table", {}, make("tbody", {}, ...rows.map(([name, value, title, kind]) =>
    make("tr", {}, make("th", {scope: "row", title: title || null}, name), make("td", {class: kind || null}, value)))));
}

function section(title, ...children) {
  const found = children.filter((child) => child !== null);
  return found.length ? [make("h3", {}, title), ...found] : [];
}

const findingBox = (finding) => make("div", {class: `finding ${finding.severity}`},
  make("p", {}, make("b", {}, `${finding.severity} ${finding.code}`),
    finding.message, finding.line ? ` (line ${finding.line})` : ""),
  finding.help ? make("p", {class: "soft"}, finding.help) : null);

function aboutNet() {
  const here = facts.states[state];
  const sum = (key) => here.layers.reduce((total, layer) => total + layer[key], 0);
  const known = here.layers.every((layer) => layer.shapes !== null);
  const about = here.layers.flatMap((_, index) => factsOf(index).findings.map((finding) => {
    const box = findingBox(finding);
    box.prepend(make("p", {}, layerLink(index, factsOf(index).name)));
    return box;
  }));
  const rows = [["layers", number(here.layers.length), "", "number"]];
  if (known) {
    rows.push(["parameters", number(sum("parameters")), "", "number"],
      ["multiply-adds, forward", number(sum("adds")), "", "number"],
      ["memory of the blobs", sizeText(sum("values") * FLOAT), "", "number"]);
  }
  return [
    make("h2", {}, facts.name), make("p", {class: "soft"}, facts.file),
    make("p", {class: "soft"}, "Select a layer to read about it; ? tells the keys."),
    ...section("Sums", table(rows)),
    ...section("Notes", ...here.notes.map((note) => make("p", {}, note))),
    ...section("Findings", ...facts.findings.map(findingBox), ...about),
  ];
}

function connections(names, link) {
  return names.length ? table(names.map(link)) : null;
}

function aboutLayer(index) {
  const fact = factsOf(index), here = layersHere()[index];
  const makers = before[index], readers = after[index];
  const shapes = here.shapes;
  const producer = (name) => {
    for (let other = index - 1; other >= 0; other -= 1) {
      if (factsOf(other).tops.includes(name)) return other;
    }
    return null;
  };
  const shapeOf = (other, name) => {
    const known = other === null ? null : layersHere()[other].shapes;
    const place = other === null ? -1 : factsOf(other).tops.lastIndexOf(name);
    return known && place >= 0 && known[place] ? shapeText(known[place]) : "";
  };
  const counts = [];
  if (shapes !== null) {
    counts.push(["parameters", number(here.parameters), "", "number"],
      ["multiply-adds, forward", number(here.adds), "Products of weights with values in one forward pass", "number"],
      ["memory of its blobs", sizeText(here.values * FLOAT), "Of its tops, which it does not share with a bottom", "number"]);
  }
  const links = (all) => [...new Set(all)].map((other) => make("p", {}, layerLink(other, factsOf(other).name)));
  return [
    make("h2", {}, fact.name),
    make("p", {}, make("b", {}, fact.type), fact.about ? `: ${fact.about}` : ""),
    ...section("Findings", ...fact.findings.map(findingBox)),
    ...section("Inputs", connections(fact.bottoms, (name) => [name, shapeOf(producer(name), name)]), ...links(makers)),
    ...section("Outputs", connections(fact.tops, (name, place) =>
      [name, shapes && shapes[place] ? shapeText(shapes[place]) : "shape not known"]), ...links(readers)),
    ...section("Size", counts.length ? table(counts) : null),
    ...section("Fields", fact.given.length ? fieldTable(fact.given) : null, defaultsOf(fact)),
    ...section(fact.line ? `Text, line ${fact.line}` : "Text", make("pre", {tabindex: "0"}, fact.text)),
    ...weightsOf(fact.name),
  ];
}

const fieldTable = (fields) => table(fields.map((field) => [field.name, field.value, facts.meanings[field.key]]));

function defaultsOf(fact) {
  if (!fact.defaults.length) return null;
  return make("details", {}, make("summary", {}, `${fact.defaults.length} defaults taken`), fieldTable(fact.defaults));
}

function weightsOf(name) {
  const blobs = Object.hasOwn(facts.weights, name) ? facts.weights[name] : [];
  return blobs.flatMap((blob, place) => section(`Weights: ${blob.name || place}, ${shapeText(blob.shape)}`,
    table([
      ["values", number(blob.count), "", "number"],
      ["from, to", `${small(blob.low)} to ${small(blob.high)}`, "", "number"],
      ["mean, deviation", `${small(blob.mean)}, ${small(blob.deviation)}`, "", "number"],
      ["zeros", number(blob.zeros), "", "number"],
      ...(blob.bad ? [["not finite", number(blob.bad), "", "number"]] : []),
    ]),
    histogram(blob),
    blob.picture ? make("img", {src: blob.picture, class: "filters", alt: `Weights: ${blob.caption}`,
      style: `width: ${blob.width * Math.max(1, Math.min(6, Math.floor(345 / blob.width)))}px`}) : null,
    blob.picture ? make("p", {class: "soft"}, blob.caption) : null));
}

function histogram(blob) {
  const space = "http://www.w3.org/2000/svg";
  const most = Math.max(...blob.bins, 1), width = 100 / blob.bins.length;
  const drawn = document.createElementNS(space, "svg");
  const attributes = {viewBox: "0 0 100 50", preserveAspectRatio: "none", class: "histogram", role: "img",
    "aria-label": `Histogram of the values from ${small(blob.low)} to ${small(blob.high)}`};
  for (const [key, value] of Object.entries(attributes)) drawn.setAttribute(key, value);
  blob.bins.forEach((count, bin) => {
    const bar = document.createElementNS(space, "rect");
    const height = 48 * count / most;
    for (const [key, value] of Object.entries({x: bin * width, y: 50 - height, width: width * 0.92, height})) {
      bar.setAttribute(key, String(value));
    }
    drawn.append(bar);
  });
  return drawn;
}

// ---------------------------------------------------------------------------- zoom and saving

const natural = () => svg.viewBox.baseVal;

function resize(wanted, x = graph.clientWidth / 2, y = graph.clientHeight / 2) {
  const old = scale;
  const left = (graph.scrollLeft + x) / old, top = (graph.scrollTop + y) / old;
  scale = Math.min(LARGEST, Math.max(SMALLEST, wanted));
  svg.setAttribute("width", String(natural().width * scale));
  svg.setAttribute("height", String(natural().height * scale));
  graph.scrollLeft = left * scale - x;
  graph.scrollTop = top * scale - y;
  at("scale").textContent = `${Math.round(scale * 100)} %`;
}

function fit(largest) {
  resize(Math.min(largest, (graph.clientWidth - 20) / natural().width));
}

function save() {
  const copy = svg.cloneNode(true);
  copy.setAttribute("width", String(natural().width));
  copy.setAttribute("height", String(natural().height));
  for (const element of copy.querySelectorAll(".selected, .near, .hit")) {
    element.classList.remove("selected", "near", "hit");
  }
  const text = new XMLSerializer().serializeToString(copy);
  const address = URL.createObjectURL(new Blob([text], {type: "image/svg+xml"}));
  const name = facts.name.replace(/[^\w.-]+/g, "_").replace(/^\.+/, "") || "net";
  make("a", {href: address, download: `${name}.svg`}).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function theme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  at("theme").textContent = isDark() ? "Light" : "Dark";
}

function help() {
  const keys = at("keys");
  keys.hidden = !keys.hidden;
  at("help").setAttribute("aria-expanded", String(!keys.hidden));
}

// ------------------------------------------------------------------------------------- events

graph.addEventListener("click", (event) => {
  if (moved) return;
  const layer = event.target.closest(".layer"), far = event.target.closest(".far");
  if (layer) select(Number(layer.dataset.layer), {focus: true});
  else if (far) select(Number(far.dataset.madeBy), {scroll: true, focus: true});
});

let held = null, moved = false;
graph.addEventListener("pointerdown", (event) => {
  moved = false;
  if (event.button === 0 && event.pointerType === "mouse") {
    held = {x: event.clientX, y: event.clientY, left: graph.scrollLeft, top: graph.scrollTop};
  }
});
window.addEventListener("pointermove", (event) => {
  if (!held) return;
  const x = event.clientX - held.x, y = event.clientY - held.y;
  if (!moved && Math.hypot(x, y) < 4) return;
  moved = true;
  graph.classList.add("dragged");
  graph.scrollLeft = held.left - x;
  graph.scrollTop = held.top - y;
});
window.addEventListener("pointerup", () => { held = null; graph.classList.remove("dragged"); });
graph.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const frame = graph.getBoundingClientRect();
  resize(scale * Math.exp(-event.deltaY / 400), event.clientX - frame.left, event.clientY - frame.top);
}, {passive: false});

search.addEventListener("input", fillList);
const LIST_KEYS = {ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10};
for (const element of [search, list]) {
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in LIST_KEYS) moveInList(LIST_KEYS[event.key]);
    else if (event.key === "Enter") {
      if (selected === null || !at(`layer-${selected}`)) moveInList(1);
      if (selected !== null) select(selected, {scroll: true, focus: true});
    } else return;
    event.preventDefault();
  });
}

graph.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !layersHere().length) return;
  const here = selected === null ? Number(document.activeElement.dataset.layer ?? -1) : selected;
  const ways = {
    ArrowDown: () => here < 0 ? 0 : after[here][0],
    ArrowUp: () => here < 0 ? 0 : before[here][0],
    ArrowRight: () => Math.min(here + 1, layersHere().length - 1),
    ArrowLeft: () => Math.max(here - 1, 0),
    Home: () => 0,
    End: () => layersHere().length - 1,
    Enter: () => Math.max(here, 0),
    " ": () => Math.max(here, 0),
  };
  if (!Object.hasOwn(ways, event.key)) return;
  event.preventDefault();
  const next = ways[event.key]();
  if (next !== undefined) select(next, {scroll: true, focus: true});
});

const KEYS = {
  "/": () => { search.focus(); search.select(); }, "+": () => resize(scale * STEP), "=": () => resize(scale * STEP),
  "-": () => resize(scale / STEP), "0": () => fit(LARGEST), d: theme, s: save, p: nextPhase, "?": help,
};
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    search.value = "";
    fillList();
    select(null);
    graph.focus();
    return;
  }
  const typing = event.target === search || event.ctrlKey || event.metaKey || event.altKey;
  if (typing || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

at("in").addEventListener("click", () => resize(scale * STEP));
at("out").addEventListener("click", () => resize(scale / STEP));
at("fit").addEventListener("click", () => fit(LARGEST));
at("export").addEventListener("click", save);
at("theme").addEventListener("click", theme);
at("help").addEventListener("click", help);

at("name").textContent = facts.name;
at("theme").textContent = isDark() ? "Light" : "Dark";
stateButtons();
show(0);
fit(1);
resize(Math.max(scale, READABLE));
if (groups[0]) bringIntoView(groups[0]);
graph.scrollTop = 0;
})();
