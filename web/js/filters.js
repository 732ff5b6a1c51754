// What is above the grid: search, order, filters, and the filters that are active.

import { button, field, fill, h, select } from "./dom.js";
import { date, typeName } from "./format.js";
import { limits } from "./api.js";
import { countOf, sortOf, without, withValue } from "./query.js";
import { dialog } from "./say.js";
import { allows } from "./session.js";
import { text } from "./strings.js";
import { chip, tagField } from "./tags.js";

const words = text.gallery;

/** @param {(query: URLSearchParams) => void} change called with the next query */
export function filterBar(change) {
  let query = new URLSearchParams();
  const search = h("input", {
    type: "search",
    placeholder: words.search,
    "aria-label": words.search,
    autocomplete: "off",
    spellcheck: false,
  });
  const sort = select(Object.entries(words.sorts), sortOf(query), {
    "aria-label": words.sort,
    class: "sort",
  });
  const filter = button({ icon: "filter", text: words.filters, kind: "outline filter-button" });
  const number = h("span", { class: "count" });
  const count = h(
    "span",
    { hidden: true },
    number,
    h("span", { class: "hidden" }, ` ${words.active}`),
  );
  filter.append(count);
  const chips = h("div", { class: "active-filters" });
  const shown = h("span", { class: "shown-count" });

  let timer = 0;
  const type = () => {
    clearTimeout(timer);
    change(withValue(query, "filename", search.value));
  };
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(type, 250);
  });
  search.addEventListener("keydown", (event) => event.key === "Enter" && type());
  sort.addEventListener("change", () =>
    change(withValue(query, "sort", sort.value === "-created_at" ? "" : sort.value)),
  );
  filter.addEventListener("click", () => void openFilters(query, change));

  return {
    element: h(
      "div",
      { class: "filter-bar" },
      h("div", { class: "search" }, search),
      h("div", { class: "filter-row" }, sort, filter, shown),
      chips,
    ),
    search,
    /** @param {string} message */
    tell(message) {
      shown.textContent = message;
    },
    /** @param {URLSearchParams} next */
    show(next) {
      query = next;
      if (document.activeElement !== search) search.value = next.get("filename") ?? "";
      sort.value = sortOf(next);
      const active = [...next].filter(([name]) => name !== "sort" && name !== "filename");
      count.hidden = active.length === 0;
      number.textContent = text.number(active.length);
      fill(
        chips,
        ...active.map(([name, value]) =>
          chip(describe(name, value), () => change(without(query, name, value))),
        ),
        countOf(next) > 1 &&
          button({
            text: words.clear,
            kind: "quiet small",
            onclick: () => change(withValue(new URLSearchParams(), "sort", next.get("sort") ?? "")),
          }),
      );
      chips.hidden = active.length === 0;
    },
  };
}

/** What a filter says. @param {string} name @param {string} value */
function describe(name, value) {
  const about = /** @type {Record<string, () => string>} */ ({
    tag: () => value,
    content_type: () => typeName(value),
    visibility: () => (value === "public" ? words.public : words.private),
    created_after: () => `${words.after} ${date(value)}`,
    created_before: () => `${words.before} ${date(value)}`,
    min_width: () => `${words.width} ${words.from} ${value}`,
    max_width: () => `${words.width} ${words.to} ${value}`,
    min_height: () => `${words.height} ${words.from} ${value}`,
    max_height: () => `${words.height} ${words.to} ${value}`,
    min_size: () => `${words.size} ${words.from} ${Number(value) / 1e6}`,
    max_size: () => `${words.size} ${words.to} ${Number(value) / 1e6}`,
    owner: () => `${words.owner} ${value}`,
    ticket: () => words.ticket,
  });
  return about[name]?.() ?? value;
}

/** Days are those of the person. @param {string} day */
const startOf = (day) => (day ? new Date(`${day}T00:00:00`).toISOString() : "");
/** @param {string} time */
function dayOf(time) {
  const at = new Date(time);
  return Number.isNaN(at.getTime())
    ? ""
    : [
        at.getFullYear(),
        String(at.getMonth() + 1).padStart(2, "0"),
        String(at.getDate()).padStart(2, "0"),
      ].join("-");
}

/** @param {URLSearchParams} query @param {(query: URLSearchParams) => void} change */
async function openFilters(query, change) {
  const { upload } = await limits();
  const get = (/** @type {string} */ name) => query.get(name) ?? "";
  const tags = tagField(query.getAll("tag"));
  const type = select(
    [
      ["", words.any],
      ...upload.content_types.map(
        (type) => /** @type {[string, string]} */ ([type, typeName(type)]),
      ),
    ],
    get("content_type"),
  );
  const visibility = select(
    [
      ["", words.any],
      ["private", words.private],
      ["public", words.public],
    ],
    get("visibility"),
  );
  const after = h("input", { type: "date", value: dayOf(get("created_after")) });
  const before = h("input", { type: "date", value: dayOf(get("created_before")) });
  const number = (/** @type {string} */ name, /** @type {string} */ label, unit = 1) =>
    h("input", {
      type: "number",
      min: "0",
      step: unit === 1 ? "1" : "any",
      inputMode: "decimal",
      value: get(name) && String(Number(get(name)) / unit),
      "aria-label": label,
      placeholder: label.split(" ").pop(),
    });
  const ranges = ["width", "height", "size"].map((of) => {
    const unit = of === "size" ? 1e6 : 1;
    const label = words[/** @type {"width" | "height" | "size"} */ (of)];
    return {
      of,
      unit,
      label,
      min: number(`min_${of}`, `${label} ${words.from}`, unit),
      max: number(`max_${of}`, `${label} ${words.to}`, unit),
    };
  });
  const owner = h("input", {
    type: "text",
    maxLength: 128,
    value: get("owner"),
    autocomplete: "off",
  });
  const ticket = h("input", {
    type: "text",
    maxLength: 64,
    value: get("ticket"),
    autocomplete: "off",
  });

  /** @param {(value?: string) => void} close */
  const apply = (close) => {
    const next = new URLSearchParams();
    const set = (/** @type {string} */ name, /** @type {string} */ value) =>
      value.trim() && next.append(name, value.trim());
    for (const tag of tags.value) next.append("tag", tag);
    set("filename", get("filename"));
    set("content_type", type.value);
    set("visibility", visibility.value);
    set("created_after", startOf(after.value));
    set("created_before", startOf(before.value));
    for (const { of, unit, min, max } of ranges) {
      const scaled = (/** @type {HTMLInputElement} */ input) =>
        input.value === "" ? "" : String(Math.round(Number(input.value) * unit));
      set(`min_${of}`, scaled(min));
      set(`max_${of}`, scaled(max));
    }
    set("owner", owner.value);
    set("ticket", ticket.value);
    set("sort", get("sort"));
    close();
    change(next);
  };
  dialog(
    words.filters,
    (close) => [
      h(
        "form",
        {
          class: "form",
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            apply(close);
          },
        },
        field(words.tags, tags.input, words.all_tags, tags.element),
        h("div", { class: "pair" }, field(words.type, type), field(words.visibility, visibility)),
        h("div", { class: "pair" }, field(words.after, after), field(words.before, before)),
        ...ranges.map(({ label, min, max }) =>
          h("fieldset", { class: "pair" }, h("legend", {}, label), min, max),
        ),
        allows("admin") && field(words.owner, owner),
        field(words.ticket, ticket),
        h(
          "div",
          { class: "actions" },
          button({
            text: words.clear,
            kind: "quiet",
            onclick: () => {
              close();
              change(withValue(new URLSearchParams(), "sort", get("sort")));
            },
          }),
          h("button", { type: "submit", class: "button primary" }, words.apply),
        ),
      ),
    ],
    { kind: "drawer" },
  );
}
