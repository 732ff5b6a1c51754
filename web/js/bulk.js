// What can be done with all selected images.

import { each, reason } from "./api.js";
import { update } from "./edit.js";
import { button, field, h } from "./dom.js";
import { announce, dialog, toast } from "./say.js";
import { selection } from "./selection.js";
import { allows } from "./session.js";
import { shareAll } from "./share.js";
import { store } from "./store.js";
import { text } from "./strings.js";
import { remember, tagField } from "./tags.js";
import { remove } from "./trash.js";

/** @typedef {import("../types").Image} Image */
const words = text.selection;
/** How many images are changed at once. */
const WIDTH = 4;

/** Changes images one by one. @param {Image[]} images @param {(image: Image) => import("./edit.js").Change | null} decide */
async function changeAll(images, decide) {
  let done = 0;
  let failed = 0;
  let why = "";
  const message =
    images.length > 20 ? toast(words.working(0, images.length), { seconds: 3600 }) : null;
  await each(images, WIDTH, async (image) => {
    try {
      const next = await update(image.id, decide);
      store.replace(next);
      if (selection.has(next.id)) selection.set([next], true);
      done++;
      if (done % 10 === 0) announce(words.working(done, images.length));
    } catch (error) {
      failed++;
      why = reason(error);
    }
  });
  message?.close();
  if (failed > 0) toast(words.partly(failed, why), { kind: "bad", seconds: 12 });
  else toast(words.done(done));
}

/** @param {Image[]} images */
function tagAll(images) {
  remember(images.flatMap(({ tags }) => tags));
  const tags = tagField([]);
  const add = (/** @type {boolean} */ isAdded) => {
    const chosen = tags.value;
    if (chosen.length === 0) return tags.input.focus();
    close();
    void changeAll(images, (image) => {
      const rest = image.tags.filter((tag) => !chosen.includes(tag));
      const next = isAdded
        ? [...image.tags, ...chosen.filter((tag) => !image.tags.includes(tag))]
        : rest;
      return next.length === image.tags.length ? null : { tags: next };
    });
  };
  const { close } = dialog(words.tag_title(images.length), () => [
    h(
      "form",
      {
        class: "form",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          add(true);
        },
      },
      field(text.viewer.tags, tags.input, undefined, tags.element),
      h(
        "div",
        { class: "actions" },
        button({ text: words.take, kind: "quiet", onclick: () => add(false) }),
        h("button", { type: "submit", class: "button primary" }, words.add),
      ),
    ),
  ]);
  tags.input.focus();
}

/** The bar that shows while something is selected. */
export function selectionBar() {
  const count = h("strong", {});
  const mayWrite = allows("images:write");
  const act = (
    /** @type {import("./dom.js").Icon} */ icon,
    /** @type {string} */ name,
    /** @type {(images: Image[]) => void} */ run,
  ) =>
    button({
      icon,
      text: name,
      kind: "quiet bar-button",
      label: name,
      onclick: () => run(selection.images),
    });
  const visibility = (/** @type {string} */ to) => (/** @type {Image[]} */ images) =>
    void changeAll(images, (image) => (image.visibility === to ? null : { visibility: to }));
  const element = h(
    "section",
    { class: "selection-bar", "aria-label": words.label, hidden: true },
    button({ icon: "close", label: words.clear, kind: "quiet", onclick: () => selection.clear() }),
    count,
    h(
      "span",
      { class: "bar-actions" },
      mayWrite && act("tag", words.tag, tagAll),
      mayWrite && act("globe", words.make_public, visibility("public")),
      mayWrite && act("lock", words.make_private, visibility("private")),
      act("share", words.share, (images) => void shareAll(images)),
      allows("images:delete") && act("trash", words.remove, remove),
    ),
  );
  selection.addEventListener("change", () => {
    element.hidden = selection.size === 0;
    count.textContent = words.count(selection.size);
    announce(words.count(selection.size));
  });
  return element;
}
