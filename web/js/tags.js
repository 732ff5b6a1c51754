// A field of tags: each is a chip that can be removed.

import { button, h, icon, id } from "./dom.js";
import { text } from "./strings.js";

/** Tags that were seen, to suggest. @type {Set<string>} */
const seen = new Set();
/** @param {string[]} tags */
export const remember = (tags) => tags.forEach((tag) => seen.size < 500 && seen.add(tag));

/**
 * @param {string[]} initial
 * @param {{ change?: () => void, disabled?: boolean, most?: number }} [options]
 */
export function tagField(initial, { change = () => {}, disabled = false, most = 32 } = {}) {
  let tags = [...initial];
  const options = h("datalist", { id: id("tags") });
  const input = h("input", {
    type: "text",
    maxLength: 64,
    autocomplete: "off",
    placeholder: text.gallery.add_tag,
    list: options.id,
    disabled,
  });
  const chips = h("ul", { class: "chips" });
  const draw = () => {
    chips.replaceChildren(
      ...tags.map((tag) =>
        h(
          "li",
          { class: "chip" },
          h("bdi", {}, tag),
          !disabled &&
            h(
              "button",
              {
                type: "button",
                "aria-label": text.gallery.remove_tag(tag),
                onclick: () => take(tag),
              },
              icon("close"),
            ),
        ),
      ),
    );
    chips.hidden = tags.length === 0;
    input.hidden = disabled || tags.length >= most;
    options.replaceChildren(
      ...[...seen].filter((tag) => !tags.includes(tag)).map((tag) => h("option", { value: tag })),
    );
  };
  const take = (/** @type {string} */ tag) => {
    tags = tags.filter((other) => other !== tag);
    draw();
    input.focus();
    change();
  };
  const add = () => {
    const added = input.value
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag && !tags.includes(tag));
    input.value = "";
    if (added.length === 0) return;
    tags = [...tags, ...new Set(added)].slice(0, most);
    draw();
    change();
  };
  input.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === ",") && !event.isComposing) {
      if (event.key === "Enter" && !input.value.trim()) return;
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && input.value === "") {
      const last = tags.at(-1);
      if (last !== undefined) take(last);
    }
  });
  input.addEventListener("change", add);
  draw();
  const element = h("div", { class: "tag-field" }, chips, input, options);
  return {
    element,
    input,
    get value() {
      add();
      return tags;
    },
    /** @param {string[]} next */
    set(next) {
      tags = [...next];
      draw();
    },
  };
}

/** @param {string} tag @param {() => void} remove @param {string} [label] */
export const chip = (tag, remove, label = text.gallery.remove_filter(tag)) =>
  h(
    "span",
    { class: "chip" },
    h("bdi", {}, tag),
    button({ icon: "close", label, kind: "chip-remove", onclick: remove }),
  );
