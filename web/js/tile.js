// One picture of the grid. Tiles are used again for other pictures as the grid is scrolled.

import { h, icon } from "./dom.js";
import { nameOf, typeName } from "./format.js";
import { show } from "./pictures.js";
import { text } from "./strings.js";
import { draw } from "./thumbhash.js";

/** How long a tile has to stay before its picture is loaded, in milliseconds. */
const STAYS = 60;

export class Tile {
  #canvas = h("canvas", { "aria-hidden": "true" });
  #img = h("img", { alt: "", decoding: "async", draggable: false });
  #name = h("bdi", { class: "tile-name" });
  #badges = h("span", { class: "tile-badges" });
  #check = h("span", { class: "tile-check", "aria-hidden": "true" }, icon("check"));
  element = h(
    "div",
    { class: "tile", role: "option", tabIndex: -1 },
    this.#canvas,
    this.#img,
    h("span", { class: "tile-shade" }),
    this.#check,
    this.#badges,
    this.#name,
  );
  #loading = new AbortController();
  /** @type {import("../types").Image | null} */
  image = null;
  index = -1;

  /**
   * @param {import("../types").Image} image @param {number} index @param {number} total
   * @param {number} width in CSS pixels
   */
  show(image, index, total, width) {
    const { element } = this;
    const isOther = this.image?.id !== image.id;
    this.index = index;
    element.setAttribute("aria-posinset", String(index + 1));
    element.setAttribute("aria-setsize", String(total));
    element.dataset.id = image.id;
    if (this.image === image) return;
    this.image = image;
    const name = nameOf(image);
    this.#name.textContent = name;
    const notes = [];
    this.#badges.replaceChildren();
    if (image.visibility === "public") {
      notes.push(text.gallery.public);
      this.#badges.append(h("span", { class: "badge", title: text.gallery.public }, icon("globe")));
    }
    if (image.frames > 1) {
      notes.push(text.gallery.animated);
      this.#badges.append(
        h("span", { class: "badge", title: text.gallery.animated }, icon("play")),
      );
    }
    element.setAttribute("aria-label", [name, typeName(image.content_type), ...notes].join(", "));
    if (isOther) this.#load(image, width);
  }

  /** @param {import("../types").Image} image @param {number} width */
  #load(image, width) {
    this.#stop();
    const { signal } = (this.#loading = new AbortController());
    const { element } = this;
    this.#canvas.hidden = !image.placeholder;
    element.style.backgroundColor = image.placeholder?.color ?? "";
    if (image.placeholder) draw(image.placeholder.thumbhash, this.#canvas);
    const load = () => {
      if (signal.aborted) return;
      show(image, this.#img, width, signal, () => element.classList.add("broken"));
    };
    this.#img.addEventListener("load", () => signal.aborted || element.classList.add("shown"), {
      signal,
    });
    setTimeout(load, STAYS);
  }

  #stop() {
    this.#loading.abort();
    this.#img.removeAttribute("srcset");
    this.#img.removeAttribute("src");
    this.element.classList.remove("shown", "broken");
  }

  /** @param {boolean} selected */
  select(selected) {
    this.element.setAttribute("aria-selected", String(selected));
  }

  /** Forgets its picture, and waits to be used again. */
  free() {
    this.#stop();
    this.image = null;
    this.index = -1;
    this.element.remove();
  }
}
