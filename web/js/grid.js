// The grid: justified rows of any number of images, of which only those near the screen exist as
// elements. It is a list box with several choices, so that one key press is enough for each move.

import { h } from "./dom.js";
import { ratioOf, rowAt, rows } from "./layout.js";
import { selection } from "./selection.js";
import { store } from "./store.js";
import { text } from "./strings.js";
import { Tile } from "./tile.js";

/** What is kept above and below the screen, in screens. */
const AROUND = 0.75;
/** How long a touch is to select instead of opening, in milliseconds. */
const HOLD = 450;

export class Grid {
  element = h("div", {
    class: "grid",
    role: "listbox",
    "aria-multiselectable": "true",
    "aria-label": text.gallery.label,
  });
  /** @type {import("./layout.js").Row[]} */
  #rows = [];
  #width = 0;
  /** @type {Map<number, { element: HTMLElement, tiles: Tile[] }>} rows that exist, by index */
  #shown = new Map();
  /** @type {Tile[]} */
  #spare = [];
  /** Tiles that show their picture, and may be needed in another row. @type {Map<string, Tile>} */
  #moving = new Map();
  /** The tile that the keyboard is at, and the one that a range begins with. */
  #at = 0;
  #anchor = 0;
  #frame = 0;
  /** @type {{ open: (image: import("../types").Image) => void, remove: (images: import("../types").Image[]) => void }} */
  #acts;

  /** @param {{ open: (image: import("../types").Image) => void, remove: (images: import("../types").Image[]) => void }} acts */
  constructor(acts) {
    this.#acts = acts;
    const later = () => this.schedule();
    addEventListener("scroll", later, { passive: true });
    new ResizeObserver(() => this.#resize()).observe(this.element);
    store.addEventListener("change", () => this.arrange());
    selection.addEventListener("change", () => this.#mark());
    this.element.addEventListener("click", (event) => this.#click(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("focusin", (event) => {
      const tile = this.#tileOf(event.target);
      if (tile) this.#move(tile.index, false);
    });
    this.#listenForHolds();
  }

  #resize() {
    if (this.element.clientWidth !== this.#width) this.arrange(true);
  }

  /** Lays all images out again. @param {boolean} [isResized] */
  arrange(isResized = false) {
    const width = this.element.clientWidth;
    this.#width = width;
    // While it is hidden. When it is shown, it is resized.
    if (width === 0) return;
    const narrow = width < 640;
    const gap = narrow ? 4 : 8;
    const target = narrow ? Math.min(140, width / 2.6) : width < 1100 ? 190 : 230;
    // What is at the top of the screen stays there when the window is resized.
    const row = isResized
      ? this.#rows[rowAt(this.#rows, scrollY - this.element.offsetTop)]
      : undefined;
    const isInside = row && scrollY > this.element.offsetTop;
    this.#rows = rows(store.images, { width, target, gap });
    const last = this.#rows.at(-1);
    this.element.style.height = `${last ? last.top + last.height : 0}px`;
    const hadFocus = this.element.contains(document.activeElement);
    for (const index of [...this.#shown.keys()]) {
      if (isResized) this.#drop(index);
      else this.#moveOrKeep(index);
    }
    if (isInside) {
      const now = this.#rows.find(({ end }) => end > row.start);
      if (now) scrollTo({ top: this.element.offsetTop + now.top });
    }
    this.#at = Math.min(this.#at, Math.max(0, store.images.length - 1));
    this.draw();
    for (const tile of this.#moving.values()) this.#free(tile);
    this.#moving.clear();
    if (hadFocus && !this.element.contains(document.activeElement) && store.images.length > 0)
      this.#move(this.#at);
  }

  /** Draws with the next frame. */
  schedule() {
    this.#frame ||= requestAnimationFrame(() => this.draw());
  }

  /** Makes the rows that are near the screen, and takes back those that are not. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.element.isConnected || this.element.offsetParent === null) return;
    const from = scrollY - this.element.offsetTop;
    const height = innerHeight;
    const first = rowAt(this.#rows, from - height * AROUND);
    const last = rowAt(this.#rows, from + height * (1 + AROUND));
    // The row that has the focus stays.
    const focused = this.element.contains(document.activeElement) ? this.#rowOf(this.#at) : -1;
    for (const index of [...this.#shown.keys()]) {
      if ((index < first || index > last) && index !== focused) this.#drop(index);
    }
    for (let index = first; index <= last && index < this.#rows.length; index++) this.#make(index);
    this.#rove();
    const end = this.#rows.at(-1);
    if (!end || from + height * 3 > end.top) void store.more();
  }

  /** @param {number} index */
  #make(index) {
    const row = this.#rows[index];
    if (!row || this.#shown.has(index)) return;
    const element = h("div", { class: "row", role: "presentation" });
    element.style.transform = `translateY(${row.top}px)`;
    element.style.height = `${row.height}px`;
    const tiles = [];
    for (let at = row.start; at < row.end; at++) {
      const image = store.images[at];
      if (!image) continue;
      const tile = this.#moving.get(image.id) ?? this.#spare.pop() ?? new Tile();
      this.#moving.delete(image.id);
      const width = ratioOf(image) * row.height;
      tile.element.style.width = `${width}px`;
      tile.show(image, at, store.hasMore ? -1 : store.images.length, width);
      tile.select(selection.has(image.id));
      tiles.push(tile);
      element.append(tile.element);
    }
    // Elements are in the order in which they are read.
    const next = [...this.#shown.keys()].filter((other) => other > index).sort((a, b) => a - b)[0];
    this.element.insertBefore(
      element,
      (next !== undefined && this.#shown.get(next)?.element) || null,
    );
    this.#shown.set(index, { element, tiles });
  }

  /** @param {number} index */
  #drop(index) {
    const row = this.#shown.get(index);
    if (!row) return;
    this.#shown.delete(index);
    row.element.remove();
    for (const tile of row.tiles) this.#free(tile);
  }

  /** @param {Tile} tile */
  #free(tile) {
    tile.free();
    this.#spare.push(tile);
  }

  /** Keeps a row that has the same images as before, or its tiles for other rows. @param {number} index */
  #moveOrKeep(index) {
    const row = this.#shown.get(index);
    if (!row) return;
    if (this.#isSame(index, row.tiles)) return this.#refresh(index, row);
    this.#shown.delete(index);
    row.element.remove();
    for (const tile of row.tiles) this.#moving.set(tile.image?.id ?? "", tile);
  }

  /** Whether a row has the same images as before. @param {number} index @param {Tile[]} tiles */
  #isSame(index, tiles) {
    const row = this.#rows[index];
    return (
      row !== undefined &&
      row.end - row.start === tiles.length &&
      tiles.every((tile, at) => tile.image?.id === store.images[row.start + at]?.id)
    );
  }

  /** @param {number} index @param {{ element: HTMLElement, tiles: Tile[] }} shown */
  #refresh(index, { element, tiles }) {
    const row = this.#rows[index];
    if (!row) return;
    element.style.transform = `translateY(${row.top}px)`;
    element.style.height = `${row.height}px`;
    tiles.forEach((tile, at) => {
      const image = store.images[row.start + at];
      if (!image) return;
      const width = ratioOf(image) * row.height;
      tile.element.style.width = `${width}px`;
      tile.show(image, row.start + at, store.hasMore ? -1 : store.images.length, width);
    });
  }

  #mark() {
    this.element.classList.toggle("selecting", selection.size > 0);
    for (const { tiles } of this.#shown.values()) {
      for (const tile of tiles) if (tile.image) tile.select(selection.has(tile.image.id));
    }
  }

  /** @param {number} at */
  #rowOf(at) {
    let low = 0;
    let high = this.#rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle]?.end ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** @param {EventTarget | null} target */
  #tileOf(target) {
    const element = target instanceof Element ? target.closest(".tile") : null;
    for (const { tiles } of this.#shown.values()) {
      const tile = tiles.find((tile) => tile.element === element);
      if (tile) return tile;
    }
    return null;
  }

  /** One tile is reached with Tab; the others with arrows. */
  #rove() {
    let found = false;
    /** @type {Tile | null} */
    let first = null;
    for (const index of [...this.#shown.keys()].sort((a, b) => a - b)) {
      for (const tile of this.#shown.get(index)?.tiles ?? []) {
        first ??= tile;
        const isAt = tile.index === this.#at;
        found ||= isAt;
        tile.element.tabIndex = isAt ? 0 : -1;
      }
    }
    if (!found && first) first.element.tabIndex = 0;
  }

  /** Moves to an image. @param {number} index @param {boolean} [focus] */
  #move(index, focus = true) {
    this.#at = Math.max(0, Math.min(index, store.images.length - 1));
    if (!focus) return this.#rove();
    this.reveal(this.#at);
    const shown = this.#shown.get(this.#rowOf(this.#at));
    shown?.tiles.find((tile) => tile.index === this.#at)?.element.focus({ preventScroll: true });
    this.#rove();
  }

  /** Scrolls so that an image can be seen. @param {number} index */
  reveal(index) {
    const number = this.#rowOf(index);
    const row = this.#rows[number];
    if (!row) return;
    const top = this.element.offsetTop + row.top;
    const head = 136;
    if (top < scrollY + head) scrollTo({ top: top - head });
    else if (top + row.height > scrollY + innerHeight - 88)
      scrollTo({ top: top + row.height - innerHeight + 88 });
    this.draw();
    this.#make(number);
  }

  /** Focuses an image, after it was looked at. @param {string} id */
  focus(id) {
    const index = store.images.findIndex((image) => image.id === id);
    this.#move(index < 0 ? this.#at : index);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const tile = this.#tileOf(event.target);
    const image = tile?.image;
    if (!tile || !image) return;
    const onCheck = event.target instanceof Element && event.target.closest(".tile-check");
    if (event.shiftKey) {
      this.#range(tile.index);
    } else if (onCheck || event.ctrlKey || event.metaKey || selection.size > 0) {
      selection.set([image], !selection.has(image.id));
      this.#anchor = tile.index;
    } else {
      this.#at = tile.index;
      this.#acts.open(image);
    }
  }

  /** @param {number} to */
  #range(to) {
    const [from, until] = this.#anchor < to ? [this.#anchor, to] : [to, this.#anchor];
    selection.set(store.images.slice(from, until + 1), true);
  }

  #listenForHolds() {
    let timer = 0;
    let held = false;
    const stop = () => clearTimeout(timer);
    this.element.addEventListener("pointerdown", (event) => {
      held = false;
      const tile = this.#tileOf(event.target);
      if (event.pointerType !== "touch" || !tile?.image) return;
      const { image, index } = tile;
      timer = window.setTimeout(() => {
        held = true;
        selection.set([image], !selection.has(image.id));
        this.#anchor = index;
        navigator.vibrate?.(10);
      }, HOLD);
    });
    for (const name of ["pointerup", "pointercancel", "pointermove"])
      this.element.addEventListener(name, (event) => {
        const moved =
          event instanceof PointerEvent &&
          name === "pointermove" &&
          Math.abs(event.movementX) + Math.abs(event.movementY) < 4;
        if (!moved) stop();
      });
    addEventListener("scroll", stop, { passive: true });
    this.element.addEventListener("contextmenu", (event) => held && event.preventDefault());
    this.element.addEventListener(
      "click",
      (event) => {
        if (!held) return;
        held = false;
        event.stopImmediatePropagation();
      },
      true,
    );
  }

  /** The image above or below: the one that is nearest to the middle. @param {number} by */
  #beside(by) {
    const row = this.#rows[this.#rowOf(this.#at)];
    const other = this.#rows[this.#rowOf(this.#at) + by];
    if (!row || !other) return by < 0 ? 0 : store.images.length - 1;
    const middle = (/** @type {import("./layout.js").Row} */ of, /** @type {number} */ at) => {
      let x = 0;
      for (let i = of.start; i < at; i++)
        x += ratioOf(store.images[i] ?? { width: 1, height: 1 }) * of.height;
      return x + (ratioOf(store.images[at] ?? { width: 1, height: 1 }) * of.height) / 2;
    };
    const x = middle(row, this.#at);
    let best = other.start;
    for (let at = other.start; at < other.end; at++) {
      if (Math.abs(middle(other, at) - x) < Math.abs(middle(other, best) - x)) best = at;
    }
    return best;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const image = store.images[this.#at];
    const isRtl = getComputedStyle(this.element).direction === "rtl";
    const forward = isRtl ? -1 : 1;
    /** @type {Record<string, () => number>} */
    const moves = {
      ArrowRight: () => this.#at + forward,
      ArrowLeft: () => this.#at - forward,
      ArrowDown: () => this.#beside(1),
      ArrowUp: () => this.#beside(-1),
      Home: () => 0,
      End: () => store.images.length - 1,
    };
    const move = moves[event.key];
    if (move && !event.altKey) {
      const from = this.#at;
      this.#move(move());
      if (event.shiftKey) {
        if (selection.size === 0) this.#anchor = from;
        this.#range(this.#at);
      } else {
        this.#anchor = this.#at;
      }
    } else if (event.key === "Enter" && image) {
      this.#acts.open(image);
    } else if (event.key === " " && image) {
      selection.set([image], !selection.has(image.id));
      this.#anchor = this.#at;
    } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      selection.set(store.images, true);
    } else if (event.key === "Escape" && selection.size > 0) {
      selection.clear();
    } else if ((event.key === "Delete" || event.key === "Backspace") && image) {
      this.#acts.remove(selection.size > 0 ? selection.images : [image]);
    } else {
      return;
    }
    event.preventDefault();
  }
}
