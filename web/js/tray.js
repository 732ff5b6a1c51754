// The tray of uploads, which stays in a corner while everything else goes on.

import { button, field, h, select } from "./dom.js";
import { choose } from "./files.js";
import { uploadRows } from "./rows.js";
import { announce } from "./say.js";
import { text } from "./strings.js";
import { tagField } from "./tags.js";

/** @typedef {import("./queue.js").Item} Item */
const words = text.upload;

/**
 * @param {import("./queue.js").Queue} queue
 * @param {{ open?: (item: Item) => void, removeCopy?: (item: Item) => void }} acts
 */
export function tray(queue, acts) {
  const title = h("h2", { id: "uploads-title" });
  const problem = h("p", { class: "tray-problem", hidden: true });
  const bar = h("div", { class: "bar" });
  const progress = h("div", { class: "progress whole", "aria-hidden": "true" }, bar);
  const pause = button({
    text: words.pause_all,
    kind: "quiet small",
    onclick: () => {
      const { running } = queue.counts;
      for (const item of [...queue.items])
        running > 0 ? queue.pause(item) : item.state === "paused" && queue.resume(item);
    },
  });
  const collapse = button({
    icon: "down",
    label: words.collapse,
    kind: "quiet",
    "aria-expanded": "true",
    onclick: () => toggle(),
  });
  const dismiss = button({
    icon: "close",
    label: words.dismiss,
    kind: "quiet",
    onclick: () => queue.clear(),
  });
  const tags = tagField([], { change: () => (queue.terms = { ...queue.terms, tags: tags.value }) });
  const visibility = select(
    [
      ["private", text.viewer.private],
      ["public", text.viewer.public],
    ],
    "private",
    { onchange: () => (queue.terms = { ...queue.terms, visibility: visibility.value }) },
  );
  const options = h(
    "details",
    { class: "tray-options" },
    h("summary", {}, words.options),
    h("p", { class: "hint" }, words.options_text),
    field(text.viewer.tags, tags.input, undefined, tags.element),
    field(text.viewer.visibility, visibility),
  );
  const content = h("div", { class: "tray-body" }, problem, uploadRows(queue, acts));
  const element = h(
    "section",
    { class: "tray", "aria-labelledby": "uploads-title", hidden: true },
    h("header", {}, title, pause, collapse, dismiss),
    progress,
    content,
    h(
      "footer",
      {},
      options,
      button({
        icon: "add",
        text: words.add_more,
        kind: "quiet small",
        onclick: () => choose((files) => queue.add(files)),
      }),
    ),
  );
  const toggle = () => {
    const isOpen = element.classList.toggle("collapsed") === false;
    collapse.setAttribute("aria-expanded", String(isOpen));
    collapse.setAttribute("aria-label", isOpen ? words.collapse : words.expand);
    collapse.title = isOpen ? words.collapse : words.expand;
  };

  let frame = 0;
  let said = "";
  let sayTimer = 0;
  const draw = () => {
    frame = 0;
    const { all, done, failed, running, paused, sent, bytes } = queue.counts;
    element.hidden = all === 0;
    element.classList.toggle("settled", running === 0 && paused === 0);
    title.textContent = words.title(done, all - failed);
    problem.hidden = failed === 0;
    problem.textContent = words.failed(failed);
    bar.style.transform = `scaleX(${bytes > 0 ? sent / bytes : 0})`;
    progress.hidden = running === 0;
    pause.hidden = running === 0 && paused === 0;
    const label = pause.querySelector("span");
    if (label) label.textContent = running > 0 ? words.pause_all : words.resume_all;
    dismiss.hidden = running > 0 || paused > 0;
    const message = words.announce(done, all, failed);
    if (all > 0 && message !== said && !sayTimer) {
      sayTimer = window.setTimeout(() => {
        sayTimer = 0;
        const { done, all, failed } = queue.counts;
        said = words.announce(done, all, failed);
        announce(said);
      }, 1500);
    }
  };
  const later = () => (frame ||= requestAnimationFrame(draw));
  queue.addEventListener("list", () => {
    if (queue.items.length > 0 && element.hidden && element.classList.contains("collapsed"))
      toggle();
    later();
  });
  queue.addEventListener("item", later);
  addEventListener("beforeunload", (event) => {
    // Files that cannot be kept would have to be chosen again.
    const { running } = queue.counts;
    if (running > 0 && queue.counts.bytes > 400e6) event.preventDefault();
  });
  return element;
}
