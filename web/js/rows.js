// The list of uploads: a row for each, with its picture, what becomes of it, and what can be done.

import { button, fill, h } from "./dom.js";
import { bytes } from "./format.js";
import { text } from "./strings.js";

/** @typedef {import("./queue.js").Item} Item */
/** @typedef {import("./queue.js").Queue} Queue */
const words = text.upload;

/** Draws a small picture of a file. @param {Blob} file @param {HTMLCanvasElement} canvas */
async function thumbnail(file, canvas) {
  const picture = await createImageBitmap(file, {
    resizeHeight: 96,
    resizeQuality: "medium",
  }).catch(() => null);
  if (!picture) return;
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  picture.close();
}

/** Pictures are made one after the other, and only of rows that are seen. */
let making = Promise.resolve();

/**
 * @param {Queue} queue
 * @param {{ open?: (item: Item) => void, removeCopy?: (item: Item) => void }} acts
 */
export function uploadRows(queue, acts) {
  const element = h("ul", { class: "uploads" });
  /** @type {Map<Item, ReturnType<typeof row>>} */
  const rows = new Map();
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      for (const [{ file }, { element, canvas }] of rows) {
        if (element === target && file) making = making.then(() => thumbnail(file, canvas));
      }
    }
  });
  queue.addEventListener("list", () => {
    for (const [item, { element }] of rows) {
      if (queue.items.includes(item)) continue;
      element.remove();
      rows.delete(item);
    }
    for (const item of queue.items) {
      if (rows.has(item)) continue;
      const made = row(item, queue, acts);
      rows.set(item, made);
      element.append(made.element);
      seen.observe(made.element);
    }
  });
  queue.addEventListener("item", (event) => {
    if (event instanceof CustomEvent) rows.get(event.detail)?.draw();
  });
  setInterval(() => {
    for (const [item, { draw }] of rows) if (item.state === "again") draw();
  }, 1000);
  return element;
}

/** @param {Item} item @param {Queue} queue @param {{ open?: (item: Item) => void, removeCopy?: (item: Item) => void }} acts */
function row(item, queue, acts) {
  const canvas = h("canvas", { width: 1, height: 1 });
  const status = h("span", { class: "upload-status" });
  const bar = h("div", { class: "bar" });
  const progress = h(
    "div",
    {
      class: "progress",
      role: "progressbar",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "aria-label": item.name,
    },
    bar,
  );
  const buttons = h("div", { class: "upload-buttons" });
  const element = h(
    "li",
    { class: "upload" },
    h("div", { class: "upload-picture", "aria-hidden": "true" }, canvas),
    h(
      "div",
      { class: "upload-main" },
      h("bdi", { class: "upload-name", title: item.name }, item.name),
      status,
      progress,
    ),
    buttons,
  );
  let drawn = "";
  const draw = () => {
    status.textContent = describe(item);
    const share = item.size > 0 ? item.sent / item.size : 0;
    bar.style.transform = `scaleX(${share})`;
    progress.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    if (drawn === item.state) return;
    drawn = item.state;
    element.dataset.state = item.state;
    progress.hidden = !["sending", "paused", "again", "checking"].includes(item.state);
    const hadFocus = buttons.contains(document.activeElement);
    fill(buttons, ...actionsOf(item, queue, acts));
    if (hadFocus) buttons.querySelector("button")?.focus();
  };
  draw();
  return { element, canvas, draw };
}

/** @param {Item} item */
function describe(item) {
  const { state, sent, size, speed, title, detail, again } = item;
  const seconds = Math.max(1, Math.ceil((again - Date.now()) / 1000));
  switch (state) {
    case "waiting":
      return words.waiting;
    case "checking":
      return words.checking;
    case "sending":
      return sent >= size ? words.finishing : words.sending(bytes(sent), bytes(size), bytes(speed));
    case "paused":
      return words.paused(bytes(sent), bytes(size));
    case "again":
      return navigator.onLine ? words.again_in(seconds) : words.offline;
    case "done":
      return words.done;
    case "duplicate":
      return [words.duplicate, detail].filter(Boolean).join(" · ");
    default:
      return [title, detail].filter(Boolean).join(". ").replace("..", ".");
  }
}

/** @param {Item} item @param {Queue} queue @param {{ open?: (item: Item) => void, removeCopy?: (item: Item) => void }} acts */
function actionsOf(item, queue, acts) {
  const { state, name } = item;
  const remove = button({
    icon: "close",
    label: words.remove(name),
    kind: "quiet",
    onclick: () => queue.remove(item),
  });
  switch (state) {
    case "waiting":
    case "checking":
    case "sending":
      return [
        button({
          icon: "pause",
          label: words.pause(name),
          kind: "quiet",
          onclick: () => queue.pause(item),
        }),
        remove,
      ];
    case "again":
      return [
        button({
          icon: "retry",
          label: words.again(name),
          kind: "quiet",
          onclick: () => queue.resume(item),
        }),
        remove,
      ];
    case "paused":
      return [
        button({
          icon: "play",
          label: words.resume(name),
          kind: "quiet",
          onclick: () => queue.resume(item),
        }),
        remove,
      ];
    case "failed":
      return [
        item.mayRetry &&
          button({
            icon: "retry",
            label: words.again(name),
            kind: "quiet",
            onclick: () => queue.resume(item),
          }),
        remove,
      ];
    case "duplicate":
      return [
        acts.removeCopy &&
          button({
            text: words.keep_one,
            kind: "quiet small",
            onclick: () => acts.removeCopy?.(item),
          }),
      ];
    case "done":
      return [
        acts.open &&
          item.image &&
          button({
            icon: "images",
            label: words.open(name),
            kind: "quiet",
            onclick: () => acts.open?.(item),
          }),
      ];
    default:
      return [remove];
  }
}
