// One image: the picture, and beside it everything that is known of it.

import { ask, local, reason } from "./api.js";
import { details } from "./details.js";
import { load } from "./edit.js";
import { button, fill, h, named } from "./dom.js";
import { nameOf } from "./format.js";
import { show, shownBefore } from "./pictures.js";
import { address, back, go } from "./router.js";
import { announce, blank, toast } from "./say.js";
import { allows } from "./session.js";
import { openShare } from "./share.js";
import { store } from "./store.js";
import { text } from "./strings.js";
import { draw } from "./thumbhash.js";
import { remove } from "./trash.js";
import { zoomable } from "./zoom.js";

/** @typedef {import("../types").Image} Image */
const words = text.viewer;

export class Viewer {
  element = h("div", { class: "viewer", role: "region", hidden: true });
  /** @type {Image | null} */
  #image = null;
  #loading = new AbortController();
  #small = h("img", { class: "viewer-img", alt: "", draggable: false });
  #img = h("img", { class: "viewer-img", alt: "", draggable: false });
  #full = h("img", { class: "viewer-img", alt: "", draggable: false });
  #canvas = h("canvas", { "aria-hidden": "true" });
  #picture = h("div", { class: "picture" }, this.#canvas, this.#small, this.#img, this.#full);
  #message = h("div", { class: "stage-message", hidden: true });
  #title = h("h1", { class: "viewer-title", tabIndex: -1 });
  #panel = h("aside", { class: "details", "aria-label": words.details });
  #previous = button({
    icon: "left",
    label: words.previous,
    kind: "stage-button previous",
    onclick: () => void this.step(-1),
  });
  #next = button({
    icon: "right",
    label: words.next,
    kind: "stage-button next",
    onclick: () => void this.step(1),
  });
  #scale = button({
    text: words.fit,
    kind: "stage-text",
    onclick: () => (this.#isFit ? this.#zoom.actual() : this.#zoom.reset()),
  });
  #zoomBar = h(
    "div",
    { class: "zoom-bar", role: "group", "aria-label": words.zoom },
    button({
      icon: "minus",
      label: words.zoom_out,
      kind: "stage-small",
      onclick: () => this.#zoom.out(),
    }),
    this.#scale,
    button({
      icon: "add",
      label: words.zoom_in,
      kind: "stage-small",
      onclick: () => this.#zoom.in(),
    }),
  );
  #stage = h(
    "div",
    { class: "stage" },
    this.#picture,
    this.#message,
    this.#previous,
    this.#next,
    this.#zoomBar,
  );
  #share = button({
    icon: "share",
    text: words.share,
    label: words.share,
    kind: "outline bar-button",
    onclick: () => this.#image && void openShare(this.#image),
  });
  #download = button({
    icon: "download",
    label: words.download,
    kind: "quiet",
    onclick: () => void this.#save(),
  });
  #remove = button({
    icon: "trash",
    label: words.remove,
    kind: "quiet",
    onclick: () => void this.#delete(),
  });
  #toggle = button({
    icon: "info",
    label: words.details,
    kind: "quiet",
    "aria-expanded": "true",
    onclick: () => this.#togglePanel(),
  });
  #isFit = true;
  #hasFull = false;
  /** @type {ReturnType<typeof details> | null} */
  #details = null;
  #zoom;

  constructor() {
    this.element.append(
      h(
        "div",
        { class: "viewer-bar" },
        button({ icon: "back", label: words.back, kind: "quiet", onclick: () => this.close() }),
        this.#title,
        this.#share,
        this.#download,
        this.#remove,
        this.#toggle,
      ),
      this.#stage,
      this.#panel,
    );
    this.#zoom = zoomable(this.#stage, this.#picture, {
      natural: () => ({
        width: (this.#image?.width ?? 1) / devicePixelRatio,
        height: (this.#image?.height ?? 1) / devicePixelRatio,
      }),
      change: (scale, isFit) => this.#zoomed(scale, isFit),
      swipe: (by) => void this.step(by),
    });
    addEventListener("keydown", (event) => this.#key(event));
    if (innerWidth < 800) this.#togglePanel(false);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** @param {boolean} [open] */
  #togglePanel(open = this.element.classList.contains("plain")) {
    this.element.classList.toggle("plain", !open);
    this.#toggle.setAttribute("aria-expanded", String(open));
  }

  /** Shows an image. @param {string} id */
  async open(id) {
    if (this.isOpen && this.#image?.id === id) return;
    const wasOpen = this.isOpen;
    this.element.hidden = false;
    document.documentElement.classList.add("viewing");
    this.#loading.abort();
    const { signal } = (this.#loading = new AbortController());
    const known = store.find(id);
    if (known) this.#show(known, signal);
    else fill(this.#panel);
    if (!wasOpen) this.#title.focus();
    try {
      const { image, etag } = await load(id, signal);
      if (signal.aborted) return;
      if (!known) this.#show(image, signal);
      this.#image = image;
      this.#details = details(image, etag, (next) => this.#changed(next));
      fill(this.#panel, this.#details.element);
    } catch (error) {
      if (signal.aborted) return;
      const isMissing = error instanceof Error && "status" in error && error.status === 404;
      this.#image = null;
      this.#title.textContent = isMissing ? words.missing : text.errors.unexpected;
      this.#picture.hidden = true;
      this.#message.hidden = false;
      const controls = [this.#share, this.#download, this.#remove, this.#zoomBar];
      for (const part of [...controls, this.#previous, this.#next]) part.hidden = true;
      fill(this.#panel);
      fill(
        this.#message,
        blank(
          "alert",
          isMissing ? words.missing : text.errors.unexpected,
          isMissing ? words.missing_text : reason(error),
          button({ text: words.back, kind: "outline", onclick: () => this.close() }),
        ),
      );
    }
  }

  /** @param {Image} image @param {AbortSignal} signal */
  #show(image, signal) {
    this.#image = image;
    const name = nameOf(image);
    this.element.setAttribute("aria-label", words.label(name));
    fill(this.#title, named(name));
    document.title = `${name} · ${text.product}`;
    this.#message.hidden = true;
    this.#picture.hidden = false;
    this.#zoomBar.hidden = false;
    this.#share.hidden = !allows("images:read");
    this.#download.hidden = false;
    this.#remove.hidden = !allows("images:delete");
    this.#hasFull = false;
    for (const img of [this.#small, this.#img, this.#full]) {
      img.removeAttribute("srcset");
      img.removeAttribute("src");
      img.hidden = true;
    }
    const before = shownBefore(image.id);
    if (before) this.#small.src = before;
    this.#small.hidden = !before;
    this.#img.alt = name;
    this.#canvas.hidden = !image.placeholder;
    if (image.placeholder) draw(image.placeholder.thumbhash, this.#canvas);
    this.#zoom.reset();
    const width = Math.min(
      this.#stage.clientWidth,
      (this.#stage.clientHeight * image.width) / image.height,
    );
    this.#img.addEventListener("load", () => (this.#img.hidden = false), { signal });
    show(image, this.#img, width, signal, () => {
      this.#message.hidden = false;
      fill(this.#message, blank("images", text.gallery.cannot_show, words.picture_failed));
    });
    const at = store.images.findIndex(({ id }) => id === image.id);
    this.#previous.hidden = at <= 0;
    this.#next.hidden = at < 0 || (at === store.images.length - 1 && !store.hasMore);
    announce(words.label(name));
  }

  /** @param {number} scale @param {boolean} isFit */
  #zoomed(scale, isFit) {
    this.#isFit = isFit;
    this.#scale.textContent = isFit ? words.actual : words.fit;
    this.#scale.title = `${Math.round(scale * 100)} %`;
    // Beyond the size that was loaded, the original has more to show.
    const image = this.#image;
    if (isFit || this.#hasFull || !image) return;
    this.#hasFull = true;
    const { signal } = this.#loading;
    this.#full.addEventListener("load", () => signal.aborted || (this.#full.hidden = false), {
      signal,
    });
    show(
      { ...image, links: { ...image.links, srcset: undefined } },
      this.#full,
      image.width / devicePixelRatio,
      signal,
      () => {},
    );
  }

  /** The next image, or the one before. @param {number} by */
  async step(by) {
    if (!this.#image || !this.#mayLeave()) return;
    const at = store.images.findIndex(({ id }) => id === this.#image?.id);
    if (at < 0) return;
    if (at + by >= store.images.length - 3) void store.more();
    if (at + by >= store.images.length) await store.more();
    const next = store.images[at + by];
    if (next) go(address(`image/${next.id}`), true);
  }

  #mayLeave() {
    return !this.#details?.isDirty || confirm(words.unsaved);
  }

  close() {
    if (this.#mayLeave()) back(address("images"));
  }

  /** Hides the viewer. Returns the id of the image that it showed. */
  hide() {
    if (!this.isOpen) return null;
    const id = this.#image?.id ?? null;
    this.element.hidden = true;
    this.#loading.abort();
    this.#image = null;
    this.#details = null;
    document.documentElement.classList.remove("viewing");
    document.title = text.product;
    return id;
  }

  /** @param {Image} image */
  #changed(image) {
    store.replace(image);
    if (this.#image?.id !== image.id) return;
    this.#image = image;
    fill(this.#title, named(nameOf(image)));
  }

  async #save() {
    const image = this.#image;
    if (!image) return;
    try {
      /** @type {import("../types").Link} */
      const link = await ask("POST", `v1/images/${image.id}/links`, {
        json: { expires_in: 300, download: true },
      });
      h("a", { href: local(link.url), download: image.filename ?? "" }).click();
    } catch (error) {
      toast(reason(error), { kind: "bad" });
    }
  }

  async #delete() {
    const image = this.#image;
    if (!image) return;
    const at = store.images.findIndex(({ id }) => id === image.id);
    const next = store.images[at + 1] ?? store.images[at - 1];
    remove([image]);
    this.#details = null;
    if (at >= 0 && next) go(address(`image/${next.id}`), true);
    else back(address("images"));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.isOpen || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey)
      return;
    if (document.querySelector("dialog[open]")) return;
    const { target } = event;
    const isField = target instanceof HTMLElement && target.closest("input, textarea, select");
    if (event.key === "Escape") {
      if (isField) target.blur();
      else this.close();
      return;
    }
    if (isField) return;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      ArrowLeft: () => this.#zoom.pan(80, 0) || this.step(-1),
      ArrowRight: () => this.#zoom.pan(-80, 0) || this.step(1),
      ArrowUp: () => this.#zoom.pan(0, 80),
      ArrowDown: () => this.#zoom.pan(0, -80),
      "+": () => this.#zoom.in(),
      "=": () => this.#zoom.in(),
      "-": () => this.#zoom.out(),
      0: () => this.#zoom.reset(),
      1: () => this.#zoom.actual(),
      i: () => this.#togglePanel(),
      d: () => void this.#save(),
      Delete: () => allows("images:delete") && void this.#delete(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
