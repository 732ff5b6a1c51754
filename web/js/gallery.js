// The view of all images.

import { reason } from "./api.js";
import { button, fill, h } from "./dom.js";
import { choose } from "./files.js";
import { filterBar } from "./filters.js";
import { Grid } from "./grid.js";
import { countOf, parse } from "./query.js";
import { address, current, go } from "./router.js";
import { announce, blank } from "./say.js";
import { selection } from "./selection.js";
import { allows } from "./session.js";
import { store } from "./store.js";
import { text } from "./strings.js";
import { remember } from "./tags.js";
import { remove } from "./trash.js";

const words = text.gallery;

/** @param {import("./queue.js").Queue} queue */
export function gallery(queue) {
  const grid = new Grid({
    open: (image) => go(address(`image/${image.id}`)),
    remove: (images) => allows("images:delete") && remove(images),
  });
  const bar = filterBar((query) => {
    selection.clear();
    go(address("images", query), current().view === "images");
  });
  const message = h("div", { class: "message" });
  const hint = h("p", { class: "hidden", id: "grid-hint" }, words.hint);
  grid.element.setAttribute("aria-describedby", hint.id);
  const foot = h("p", { class: "end" });
  const element = h(
    "div",
    { class: "view gallery" },
    h("h1", { class: "hidden" }, text.nav.images),
    bar.element,
    hint,
    grid.element,
    message,
    foot,
  );

  const empty = () => {
    if (countOf(store.query) > 0) {
      return blank(
        "search",
        words.nothing_title,
        words.nothing,
        button({ text: words.clear, kind: "outline", onclick: () => go(address("images", "")) }),
      );
    }
    if (!allows("images:write")) return blank("images", words.empty_title, words.empty_read_only);
    return blank("images", words.empty_title, words.empty, ...pickers(queue));
  };
  const draw = () => {
    const { images, isLoading, error, hasMore } = store;
    grid.element.hidden = images.length === 0;
    bar.tell(images.length > 0 ? words.shown(images.length, hasMore) : "");
    const failed = error
      ? blank(
          "alert",
          words.failed,
          reason(error),
          button({ text: text.retry, kind: "outline", onclick: () => void store.more() }),
        )
      : null;
    if (failed) fill(message, failed);
    else if (images.length === 0 && isLoading) fill(message, skeleton());
    else if (images.length === 0 && !hasMore) fill(message, empty());
    else fill(message);
    foot.textContent = images.length > 20 && !hasMore && !error ? words.end : "";
    element.setAttribute("aria-busy", String(isLoading));
  };
  store.addEventListener("change", () =>
    remember(store.images.slice(-200).flatMap(({ tags }) => tags)),
  );
  store.addEventListener("change", draw);
  store.addEventListener("state", draw);
  let said = -1;
  store.addEventListener("state", () => {
    if (store.isLoading || said === store.images.length || (said > 0 && countOf(store.query) === 0))
      return;
    said = store.images.length;
    announce(words.shown(said, store.hasMore));
  });

  return {
    element,
    grid,
    search: bar.search,
    /** Shows the list of an address. @param {string} search */
    open(search) {
      const query = parse(search);
      bar.show(query);
      store.open(query);
      grid.arrange();
      draw();
    },
  };
}

/** The ways to choose files. @param {import("./queue.js").Queue} queue @param {boolean} [isFolderToo] */
export function pickers(queue, isFolderToo = true) {
  const take = (/** @type {File[]} */ files) => queue.add(files);
  const isTouch = matchMedia("(pointer: coarse)").matches;
  return [
    button({
      icon: "upload",
      text: text.upload.choose,
      kind: "primary",
      onclick: () => choose(take),
    }),
    isTouch &&
      button({
        icon: "camera",
        text: text.upload.camera,
        kind: "outline",
        onclick: () => choose(take, { camera: true }),
      }),
    !isTouch &&
      isFolderToo &&
      button({
        icon: "folder",
        text: text.upload.folder,
        kind: "outline",
        onclick: () => choose(take, { folder: true }),
      }),
  ];
}

/** What is seen before the first images are there. */
function skeleton() {
  const ratios = [1.5, 0.75, 1.33, 1.78, 1, 1.5, 1.33, 0.67, 1.5, 2, 1, 1.5];
  return h(
    "div",
    { class: "skeleton", "aria-hidden": "true" },
    ratios.map((ratio) => {
      const box = h("div", {});
      box.style.flexGrow = String(ratio);
      box.style.aspectRatio = String(ratio);
      return box;
    }),
  );
}
