// Deleting with a way back: the request is sent only after the time to undo has passed.

import { ask, call, reason } from "./api.js";
import { announce, toast } from "./say.js";
import { selection } from "./selection.js";
import { store } from "./store.js";
import { text } from "./strings.js";

/** @typedef {import("../types").Image} Image */

/** The time to undo, in seconds, and the most images of one request. */
const UNDO = 8;
const BATCH = 100;

/** Deletions that can still be undone. @type {Set<{ send: (keepalive: boolean) => void, undo: () => void }>} */
const pending = new Set();

/** @param {Image[]} images */
export function remove(images) {
  if (images.length === 0) return;
  const order = store.images;
  store.hide(new Set(images.map(({ id }) => id)));
  selection.clear();
  let isOpen = true;
  const finish = () => {
    if (!isOpen) return false;
    isOpen = false;
    pending.delete(entry);
    message.close();
    return true;
  };
  const undo = () => {
    if (finish()) store.unhide(images, order);
  };
  const send = (/** @type {boolean} */ keepalive) => {
    if (finish()) void destroy(images, order, keepalive);
  };
  const entry = { send, undo };
  pending.add(entry);
  const said = text.selection.removed(images.length);
  const message = toast(said, {
    action: text.undo,
    run: undo,
    seconds: UNDO,
    end: () => send(false),
  });
  announce(said);
}

/** @param {Image[]} images @param {Image[]} order @param {boolean} keepalive */
async function destroy(images, order, keepalive) {
  /** @type {Image[]} */
  const failed = [];
  let why = "";
  for (let from = 0; from < images.length; from += BATCH) {
    const batch = images.slice(from, from + BATCH);
    try {
      if (batch.length === 1 && batch[0]) {
        await call("DELETE", `v1/images/${batch[0].id}`, { keepalive }).catch((error) => {
          if (error.status !== 404) throw error;
        });
        continue;
      }
      /** @type {{ items: { id: string, status: number, problem: import("../types").ProblemBody | null }[] }} */
      const { items } = await ask("POST", "v1/images/delete", {
        json: { ids: batch.map(({ id }) => id) },
        keepalive,
      });
      for (const [at, { status, problem }] of items.entries()) {
        const image = batch[at];
        if (!image || status < 300 || status === 404) continue;
        failed.push(image);
        why = problem?.detail ?? problem?.title ?? "";
      }
    } catch (error) {
      failed.push(...batch);
      why = reason(error);
    }
  }
  if (failed.length === 0) return;
  store.unhide(failed, order);
  toast(text.selection.not_removed(failed.length, why), { kind: "bad", seconds: 12 });
}

/** Undoes the last deletion. Returns whether there was one. */
export function undoLast() {
  const last = [...pending].at(-1);
  last?.undo();
  return last !== undefined;
}

// Whoever leaves has meant it.
addEventListener("pagehide", () => {
  for (const { send } of [...pending]) send(true);
});
