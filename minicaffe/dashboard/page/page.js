"use strict";
// Asks this machine's server once a second what is new, and draws it. All text comes in as text,
// never as HTML: names in a prototxt may hold anything.

const token = new URLSearchParams(location.search).get("token") ?? "";
const hidden = new Set(); // lines that were switched off
let version = "", runs = [];

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
};
const drawn = (name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
const short = (value) => {
  if (value == null) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return value.toLocaleString("en");
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2) : String(+value.toPrecision(4));
};
const time = (seconds) => {
  if (!Number.isFinite(seconds)) return "–";
  const s = Math.round(seconds), two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
};

async function order(what) {
  if (what === "stop" && !confirm("End this training after the iteration that runs?")) return;
  const answer = await fetch(`order?token=${encodeURIComponent(token)}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ order: what }),
  });
  say(answer.ok ? `asked for: ${what}` : await answer.text());
}
const say = (text) => { document.getElementById("connection").textContent = text; };

// ------------------------------------------------------------------ trainings

function card(run) {
  const f = run.facts, left = f.per_second > 0 && f.end ? (f.end - f.iter) / f.per_second : NaN;
  const last = (chart) => run.series.filter((s) => s.chart === chart && s.points.length)
    .map((s) => [s.name, s.points[s.points.length - 1][1]]);
  const facts = [["status", f.status ?? "–"], ["iteration", f.end ? `${short(f.iter)} of ${short(f.end)}` : short(f.iter)],
    ["loss", short(f.loss)], ["rate", short(f.lr)], ["iterations/s", short(f.per_second)],
    ["images/s", f.images_per_second ? short(f.images_per_second) : "–"], ["time left", time(left)],
    ...last("accuracy").map(([name, value]) => [name, short(value)])];
  return element("article", {},
    element("h2", {}, run.name),
    f.end ? element("progress", { max: f.end, value: f.iter, "aria-label": `${run.name}: iterations` }) : null,
    element("dl", {}, ...facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, String(value))))),
    run.live ? element("div", { class: "buttons" },
      element("button", { type: "button", onclick: () => order("snapshot") }, "Snapshot"),
      element("button", { type: "button", onclick: () => order("slower") }, "Rate × 0.1"),
      element("button", { type: "button", onclick: () => order("stop") }, "Stop")) : null);
}

// --------------------------------------------------------------------- curves

const smoothed = (points, weight) => {
  if (!weight) return points;
  let mean = 0, norm = 0;
  return points.map(([x, y]) => { // as if what came before the first value did not count
    mean = weight * mean + (1 - weight) * y; norm = weight * norm + (1 - weight);
    return [x, mean / norm];
  });
};

function ticks(low, high, count) {
  const step = 10 ** Math.floor(Math.log10((high - low) / count || 1));
  const nice = [1, 2, 5, 10].map((n) => n * step).find((s) => (high - low) / s <= count) ?? step;
  const found = [];
  for (let t = Math.ceil(low / nice) * nice; t <= high + nice * 1e-9; t += nice) found.push(+t.toPrecision(12));
  return found;
}

function chart(title, lines) {
  const weight = +document.getElementById("smoothing").value;
  const logarithmic = title === "update / weight" || (title === "loss" && document.getElementById("logarithmic").checked);
  const shown = lines.filter((l) => !hidden.has(l.key))
    .map((l) => ({ ...l, points: smoothed(l.points, weight).filter(([, y]) => !logarithmic || y > 0) }));
  const all = shown.flatMap((l) => l.points);
  const W = 640, H = 260, L = 58, R = 24, T = 10, B = 26;
  const put = (y) => (logarithmic ? Math.log10(y) : y);
  let [x0, x1, y0, y1] = all.reduce(([a, b, c, d], [x, y]) => [Math.min(a, x), Math.max(b, x), Math.min(c, put(y)), Math.max(d, put(y))],
    [Infinity, -Infinity, Infinity, -Infinity]);
  if (!all.length) [x0, x1, y0, y1] = [0, 1, 0, 1];
  if (x0 === x1) x1 = x0 + 1;
  if (y0 === y1) { y0 -= Math.abs(y0) / 10 || 1; y1 += Math.abs(y1) / 10 || 1; }
  const X = (x) => L + (x - x0) / (x1 - x0) * (W - L - R), Y = (y) => H - B - (put(y) - y0) / (y1 - y0) * (H - T - B);
  const words = shown.map((l) => `${l.label} ${short(l.points[l.points.length - 1]?.[1])}`).join(", ");
  const svg = drawn("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}: ${words}` });
  for (const t of ticks(y0, y1, 5)) {
    const y = H - B - (t - y0) / (y1 - y0) * (H - T - B);
    svg.append(drawn("line", { class: "grid", x1: L, x2: W - R, y1: y, y2: y }),
      drawn("text", { x: L - 6, y: y + 4, "text-anchor": "end" }, short(logarithmic ? 10 ** t : t)));
  }
  for (const t of ticks(x0, x1, 6)) svg.append(drawn("text", { x: X(t), y: H - 8, "text-anchor": "middle" }, short(t)));
  for (const l of shown) {
    const text = l.points.map(([x, y]) => `${X(x).toFixed(1)},${Y(y).toFixed(1)}`).join(" ");
    const line = drawn("polyline", { class: "line", points: text, stroke: l.colour, "stroke-dasharray": l.dash });
    svg.append(line);
    if (l.points.length === 1) svg.append(drawn("circle", { cx: X(l.points[0][0]), cy: Y(l.points[0][1]), r: 3, fill: l.colour }));
  }
  const under = element("p", { class: "under", "aria-hidden": "true" });
  const cursor = drawn("line", { class: "cursor", y1: T, y2: H - B, x1: -9, x2: -9 });
  svg.append(cursor);
  svg.addEventListener("mousemove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = x0 + ((event.clientX - box.left) / box.width * W - L) / (W - L - R) * (x1 - x0);
    const near = shown.map((l) => [l.label, l.points.reduce((a, b) => (Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a), [Infinity, NaN])]);
    cursor.setAttribute("x1", X(x)); cursor.setAttribute("x2", X(x));
    under.textContent = near.filter(([, p]) => Number.isFinite(p[0])).map(([name, p]) => `${name}: ${short(p[1])} at ${short(Math.round(p[0]))}`).join(" · ");
  });
  const legend = element("ul", { class: "legend" }, ...lines.map((l) => element("li", {}, element("button", {
    type: "button", "aria-pressed": String(!hidden.has(l.key)),
    onclick: () => { hidden.has(l.key) ? hidden.delete(l.key) : hidden.add(l.key); draw(); },
  }, swatch(l), l.label))));
  return element("article", {}, element("h2", {}, title), svg, legend, under);
}
const swatch = ({ colour, dash }) => { // a piece of the line as the chart has it
  const made = drawn("svg", { class: "swatch", viewBox: "0 0 18 3", "aria-hidden": "true" });
  made.append(drawn("line", { x1: 0, x2: 18, y1: 1.5, y2: 1.5, stroke: colour, "stroke-width": 3, "stroke-dasharray": dash }));
  return made;
};

function charts() {
  const found = new Map();
  let number = 0;
  for (const [index, run] of runs.entries()) {
    for (const s of run.series) {
      if (!found.has(s.chart)) found.set(s.chart, []);
      const lines = found.get(s.chart), label = runs.length > 1 ? `${run.name}: ${s.name}` : s.name;
      lines.push({ key: `${index} ${s.chart} ${s.name}`, label, points: s.points,
        colour: `var(--c${lines.length % 8})`, dash: lines.length >= 8 ? "6 3" : "none" });
      number += 1;
    }
  }
  return [...found].map(([title, lines]) => chart(title, lines));
}

// -------------------------------------------------- layers, filters, messages

function layers(run) {
  if (!run.layers.length) return null;
  const columns = ["mean", "std", "min", "max", "zeros", "gradient", "update"];
  const odd = (key, value) => key === "update" && value != null && (value > 0.1 || value < 1e-6);
  const rows = run.layers.map((layer) => element("tr", {}, element("td", {}, layer.name),
    ...columns.map((key) => element("td", { class: odd(key, layer[key]) ? "odd" : null }, short(layer[key])))));
  return element("article", {}, element("h2", {}, `${run.name}: layers`),
    element("div", { class: "scroll", tabindex: "0" }, element("table", {},
      element("thead", {}, element("tr", {}, ...["name", ...columns].map((c) => element("th", { scope: "col" }, c === "update" ? "update/weight" : c)))),
      element("tbody", {}, ...rows))));
}

function filters(run) {
  if (!run.filters) return null;
  const [count, channels, height, width] = run.filters.shape;
  const bytes = Uint8Array.from(atob(run.filters.data), (c) => c.charCodeAt(0));
  const made = [];
  for (let n = 0; n < count; n++) {
    const canvas = element("canvas", { width, height, role: "img", "aria-label": `filter ${n}` });
    const image = canvas.getContext("2d").createImageData(width, height);
    for (let i = 0; i < height * width; i++) {
      for (let c = 0; c < 3; c++) {
        const channel = channels === 3 ? 2 - c : 0; // Caffe's images are BGR
        image.data[4 * i + c] = bytes[(n * channels + channel) * height * width + i];
      }
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    made.push(canvas);
  }
  return element("article", {}, element("h2", {}, `${run.name}: filters of ${run.filters.layer}`), element("div", { class: "filters" }, ...made));
}

const messages = (run) => (run.messages.length ? element("article", {}, element("h2", {}, `${run.name}: what has happened`),
  element("ol", {}, ...run.messages.map((text) => element("li", {}, text)))) : null);

// ----------------------------------------------------------------------------

function draw() {
  const focused = document.activeElement, list = [...document.querySelectorAll("main button")], at = list.indexOf(focused);
  document.getElementById("runs").replaceChildren(...runs.map(card));
  document.getElementById("charts").replaceChildren(...charts());
  document.getElementById("details").replaceChildren(...runs.flatMap((run) => [layers(run), filters(run), messages(run)]).filter(Boolean));
  if (at >= 0) document.querySelectorAll("main button")[at]?.focus(); // the keyboard stays where it was
  document.title = runs.length === 1 && runs[0].facts.iter != null ? `${runs[0].facts.iter} · ${runs[0].name}` : "minicaffe";
}

async function poll() {
  try {
    const answer = await fetch(`runs?token=${encodeURIComponent(token)}&seen=${encodeURIComponent(version)}`);
    if (!answer.ok) throw new Error(await answer.text());
    const found = await answer.json();
    version = found.version;
    if (found.runs) { runs = found.runs; draw(); }
    say(`${runs.length} training${runs.length === 1 ? "" : "s"}`);
  } catch (error) {
    say(`no answer: the training has ended, or ${error.message}`);
  }
  setTimeout(poll, 1000);
}

document.getElementById("view").addEventListener("input", draw);
poll();
