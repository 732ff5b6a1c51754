// The images that the gallery has: loaded page by page, in the order of the list.

import { ask } from "./api.js";

/** @typedef {import("../types").Image} Image */

/** The first page is small, so that it is there at once. */
const FIRST = 60;
const MORE = 200;

/** Events: `change` (images came, went or were changed), `state` (loading began or ended). */
class Store extends EventTarget {
  /** @type {Image[]} */
  images = [];
  /** @type {string | null} */
  #cursor = null;
  #query = new URLSearchParams();
  #started = false;
  #ended = false;
  /** Images that are deleted, or about to be. @type {Set<string>} */
  #hidden = new Set();
  /** @type {AbortController} */
  #running = new AbortController();
  isLoading = false;
  /** @type {unknown} */
  error = null;

  /** Whether there may be more. */
  get hasMore() {
    return !this.#ended;
  }

  get query() {
    return this.#query;
  }

  /** Shows another list. @param {URLSearchParams} query */
  open(query) {
    if (this.#started && String(query) === String(this.#query)) return;
    this.#query = query;
    this.reload();
  }

  /** Loads the list again from its beginning. */
  reload() {
    this.#running.abort();
    this.#running = new AbortController();
    this.images = [];
    this.#cursor = null;
    this.#started = true;
    this.#ended = false;
    this.isLoading = false;
    this.error = null;
    this.dispatchEvent(new Event("change"));
    void this.more();
  }

  /** Loads the next page. */
  async more() {
    if (this.isLoading || this.#ended || !this.#started) return;
    this.isLoading = true;
    this.error = null;
    this.dispatchEvent(new Event("state"));
    const { signal } = this.#running;
    const query = new URLSearchParams(this.#query);
    query.set("limit", String(this.#cursor ? MORE : FIRST));
    if (this.#cursor) query.set("cursor", this.#cursor);
    let came = false;
    try {
      /** @type {import("../types").Page<Image>} */
      const page = await ask("GET", `v1/images?${query}`, { signal });
      if (signal.aborted) return;
      // Those that this page has uploaded are here already.
      const known = new Set(this.images.map(({ id }) => id));
      const items = page.items.filter(({ id }) => !known.has(id) && !this.#hidden.has(id));
      this.images.push(...items);
      this.#cursor = page.next_cursor;
      this.#ended = page.next_cursor === null;
      came = items.length > 0 || this.#ended;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
    }
    this.isLoading = false;
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("state"));
    // A page may have nothing that matches and still not be the last.
    if (!came && !this.error) await this.more();
  }

  /** @param {string} id */
  find(id) {
    return this.images.find((image) => image.id === id);
  }

  /** Replaces an image by its present state. @param {Image} image */
  replace(image) {
    const at = this.images.findIndex(({ id }) => id === image.id);
    if (at >= 0) this.images[at] = image;
    this.dispatchEvent(new Event("change"));
  }

  /** Adds a new image, if the list is one that begins with the newest. @param {Image} image */
  add(image) {
    if (!this.#started || this.images.some(({ id }) => id === image.id)) return;
    if (String(this.#query) !== "") return;
    this.images.unshift(image);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Set<string>} ids */
  hide(ids) {
    for (const id of ids) this.#hidden.add(id);
    this.images = this.images.filter(({ id }) => !ids.has(id));
    this.dispatchEvent(new Event("change"));
  }

  /** Shows images again, in their places. @param {Image[]} images @param {Image[]} order the list as it was */
  unhide(images, order) {
    for (const { id } of images) this.#hidden.delete(id);
    const back = new Set(images.map(({ id }) => id));
    const here = new Map(this.images.map((image) => [image.id, image]));
    const kept = order.flatMap((image) => here.get(image.id) ?? (back.has(image.id) ? image : []));
    const old = new Set(order.map(({ id }) => id));
    const later = this.images.filter(({ id }) => !old.has(id));
    const newer = later.filter(({ created_at }) => created_at > (order[0]?.created_at ?? ""));
    const rest = later.filter((image) => !newer.includes(image));
    this.images = String(this.#query) === "" ? [...newer, ...kept, ...rest] : [...kept, ...later];
    this.dispatchEvent(new Event("change"));
  }
}

/** The gallery's. */
export const store = new Store();
