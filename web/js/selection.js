// Which images are selected.

/** Event: `change`. */
class Selection extends EventTarget {
  /** @type {Map<string, import("../types").Image>} */
  #chosen = new Map();

  get size() {
    return this.#chosen.size;
  }

  get images() {
    return [...this.#chosen.values()];
  }

  /** @param {string} id */
  has(id) {
    return this.#chosen.has(id);
  }

  /** @param {import("../types").Image[]} images @param {boolean} selected */
  set(images, selected) {
    for (const image of images) {
      if (selected) this.#chosen.set(image.id, image);
      else this.#chosen.delete(image.id);
    }
    this.dispatchEvent(new Event("change"));
  }

  clear() {
    if (this.size === 0) return;
    this.#chosen.clear();
    this.dispatchEvent(new Event("change"));
  }
}

export const selection = new Selection();
