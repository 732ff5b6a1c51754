// Elements, made without markup: nothing that a user wrote is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element. `class` and properties that begin with `aria-`, `data-` or name an attribute are set
 * as attributes; functions that begin with `on` listen; everything else is a property.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.includes("-") && name !== "list" && name !== "role")
      Reflect.set(element, name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/** @param {Node} parent @param {(Child | Child[])[]} children */
function append(parent, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replaces what an element contains. @param {Element} parent @param {...(Child | Child[])} children */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

// Drawn on a grid of 24, with lines of 1.75.
const PATHS = {
  add: "M12 5v14M5 12h14",
  admin:
    "M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0a2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  alert: "M12 8v5M12 16.5v.1M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  back: "M19 12H5M11 6l-6 6 6 6",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  down: "M6 9l6 6 6-6",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  filter: "M4 7h16M7 12h10M10 17h4",
  folder: "M3 6h6l2 2h10v11H3z",
  globe: "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M3 12h18M12 3c5 5 5 13 0 18c-5-5-5-13 0-18",
  guests:
    "M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7M2.5 20c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5M18 8v6M15 11h6",
  images: "M4 4h16v16H4zM4 16l4.5-5 4 4.5 2.5-2.5 5 5M15.5 8.5v.1",
  info: "M12 11v5M12 7.5v.1M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  left: "M15 5l-7 7 7 7",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  minus: "M5 12h14",
  pause: "M9 6v12M15 6v12",
  play: "M8 5.5v13l10-6.5z",
  retry: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
  right: "M9 5l7 7-7 7",
  search: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l4.5 4.5",
  share: "M12 15V4M8 7.5L12 3.5l4 4M6 11H5v9h14v-9h-1",
  tag: "M4 4h8l8 8-8 8-8-8zM8.5 8.5v.1",
  trash: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
  up: "M6 15l6-6 6 6",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
  usage: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  user: "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4.5 20.5c0-4 3.5-6 7.5-6s7.5 2 7.5 6",
};
/** @typedef {keyof typeof PATHS} Icon */

/** A symbol, which says nothing by itself. @param {Icon} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/**
 * A button with a symbol and perhaps a text; `label` names it where it has none.
 * @param {{ icon?: Icon, text?: string, label?: string, kind?: string, [prop: string]: any }} props
 */
export function button({ icon: symbol, text, label, kind = "", ...props }) {
  const shape = text ? "" : "icon-only";
  return h(
    "button",
    {
      type: "button",
      class: `button ${kind} ${shape}`,
      "aria-label": label,
      title: text ? undefined : label,
      ...props,
    },
    symbol && icon(symbol),
    text && h("span", {}, text),
  );
}

let ids = 0;
/** A new id. @param {string} stem */
export const id = (stem) => `${stem}-${++ids}`;

/**
 * A labelled control.
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 * @param {HTMLElement} [whole] what is shown, if the control is only a part of it
 */
export function field(label, control, hint, whole = control) {
  control.id ||= id("field");
  const about = hint ? h("p", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (about) control.setAttribute("aria-describedby", about.id);
  return h("div", { class: "field" }, h("label", { htmlFor: control.id }, label), whole, about);
}

/** A check box with its label. @param {string} label @param {Record<string, any>} [props] */
export function check(label, props = {}) {
  const box = h("input", { type: "checkbox", ...props });
  return { box, row: h("label", { class: "check" }, box, h("span", {}, label)) };
}

/** @param {[string, string][]} options @param {string} value @param {Record<string, any>} [props] */
export function select(options, value, props = {}) {
  const list = options.map(([key, name]) =>
    h("option", { value: key, selected: key === value }, name),
  );
  return h("select", props, list);
}

/** A name that a person gave: its direction is its own. @param {string} name @param {string} [kind] */
export const named = (name, kind = "") => h("bdi", { class: kind }, name);
