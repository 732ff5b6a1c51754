// What the page says beside its content: messages that go by themselves, a live region, and
// dialogs.

import { button, fill, h, icon, id } from "./dom.js";
import { text } from "./strings.js";

const polite = h("div", { class: "hidden", role: "status", "aria-live": "polite" });
const toasts = h("div", { class: "toasts", role: "region", "aria-label": text.messages });

/** Adds the places of messages to the page. */
export const place = () => document.body.append(polite, toasts);

/** Says something to those who do not see it. @param {string} message */
export function announce(message) {
  if (polite.textContent === message) polite.textContent = "";
  polite.textContent = message;
}

/**
 * Shows a message for a while. It stays as long as it is pointed at or focused.
 * @param {string} message
 * @param {{ action?: string, run?: () => void, seconds?: number, end?: () => void, kind?: string }} [options]
 * @returns {{ close: () => void }}
 */
export function toast(message, { action, run, seconds = 6, end, kind = "" } = {}) {
  let left = seconds;
  let open = true;
  const close = () => {
    if (!open) return false;
    open = false;
    clearInterval(timer);
    element.remove();
    document.body.append(toasts);
    return true;
  };
  const element = h(
    "div",
    { class: `toast ${kind}`, role: kind === "bad" ? "alert" : "status" },
    h("span", {}, message),
    action && button({ text: action, kind: "quiet", onclick: () => close() && run?.() }),
    button({ icon: "close", label: text.close, kind: "quiet", onclick: () => close() && end?.() }),
  );
  const timer = setInterval(() => {
    if (element.matches(":hover, :focus-within") || document.hidden) return;
    left -= 0.25;
    if (left <= 0 && close()) end?.();
  }, 250);
  // Over an open dialog, only what is inside of it is reachable.
  const dialogs = document.querySelectorAll("dialog[open]");
  (dialogs[dialogs.length - 1] ?? document.body).append(toasts);
  toasts.append(element);
  return { close };
}

/**
 * A dialog, which is removed when it is closed. Resolves to its return value.
 * @param {string} title
 * @param {(close: (value?: string) => void) => (import("./dom.js").Child | import("./dom.js").Child[])[]} content
 * @param {{ kind?: string, required?: boolean, onclose?: () => void }} [options]
 */
export function dialog(title, content, { kind = "", required = false, onclose } = {}) {
  const heading = h("h2", { id: id("title") }, title);
  const element = h("dialog", { class: `dialog ${kind}`, "aria-labelledby": heading.id });
  const close = (value = "") => element.close(value);
  element.append(
    h(
      "header",
      {},
      heading,
      !required &&
        button({ icon: "close", label: text.close, kind: "quiet", onclick: () => close() }),
    ),
  );
  const body = h("div", { class: "dialog-body" });
  fill(body, ...content(close));
  element.append(body);
  element.addEventListener("cancel", (event) => required && event.preventDefault());
  element.addEventListener("mousedown", (event) => {
    if (!required && event.target === element) close();
  });
  document.body.append(element);
  element.showModal();
  /** @type {Promise<string>} */
  const closed = new Promise((resolve) => {
    element.addEventListener("close", () => {
      if (element.contains(toasts)) document.body.append(toasts);
      element.remove();
      onclose?.();
      resolve(element.returnValue);
    });
  });
  return { element, body, close, closed };
}

/** Copies text, and says so on the button. @param {string} value @param {HTMLButtonElement} from */
export async function copy(value, from) {
  try {
    await navigator.clipboard.writeText(value);
  } catch {
    // Without permission, or on a page that is not secure.
    const area = h("textarea", { value, class: "hidden" });
    (from.closest("dialog") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const label = from.querySelector("span");
  if (label) {
    const before = label.textContent;
    if (before !== text.copied) setTimeout(() => (label.textContent = before), 2000);
    label.textContent = text.copied;
  }
  announce(text.copied);
  from.focus();
}

/** A place for content that is missing: a symbol, a title, a sentence, and what to do. @param {import("./dom.js").Icon} symbol @param {string} title @param {string} message @param {...import("./dom.js").Child} actions */
export function blank(symbol, title, message, ...actions) {
  return h(
    "div",
    { class: "blank" },
    h("div", { class: "blank-icon" }, icon(symbol)),
    h("h2", {}, title),
    h("p", {}, message),
    actions.length > 0 && h("div", { class: "actions" }, actions),
  );
}
