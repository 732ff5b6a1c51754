// Signing in, with a token.

import { ask, Problem } from "./api.js";
import { button, check, field, h, icon } from "./dom.js";
import { copy, dialog } from "./say.js";
import { hasExpired, isRemembered, keep, read, session } from "./session.js";
import { text } from "./strings.js";

const words = text.sign_in;
const COMMAND = "darkroom token --sub alice";

/** The form. @param {string} message why it is shown @param {() => void} done */
function form(message, done) {
  const token = h("input", {
    type: "password",
    autocomplete: "current-password",
    spellcheck: false,
    required: true,
    dir: "ltr",
  });
  const remember = check(words.remember, { checked: isRemembered() });
  const error = h("p", { class: "problem", role: "alert", hidden: true });
  const submit = h("button", { type: "submit", class: "button primary" }, words.submit);
  const fail = (/** @type {string} */ why) => {
    error.textContent = why;
    error.hidden = false;
    token.setAttribute("aria-invalid", "true");
    token.focus();
  };
  const sign = async () => {
    const given = read(token.value.replace(/^Bearer\s+/i, "").trim());
    if (!given) return fail(words.not_a_token);
    if (hasExpired(given)) return fail(words.has_expired);
    const useful = ["images:read", "images:write", "admin", "maintenance", "metrics"];
    if (!useful.some((scope) => given.scopes.has(scope))) return fail(words.nothing);
    submit.disabled = true;
    try {
      const headers = { Authorization: `Bearer ${given.token}` };
      await ask("GET", "v1/images?limit=1", { anonymous: true, headers });
    } catch (failure) {
      submit.disabled = false;
      // Another scope is enough for something else.
      if (failure instanceof Problem && failure.status !== 403)
        return fail(failure.status === 0 ? words.unreachable : failure.message);
    }
    submit.disabled = false;
    keep(given, remember.box.checked);
    done();
  };
  const copier = button({
    icon: "copy",
    label: text.copy,
    kind: "quiet small",
    onclick: () => void copy(COMMAND, copier),
  });
  return h(
    "form",
    {
      class: "form",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void sign();
      },
    },
    message && h("p", { class: "notice" }, message),
    field(words.token, token),
    remember.row,
    error,
    h("div", { class: "actions" }, submit),
    h(
      "details",
      {},
      h("summary", {}, words.help),
      h("p", { class: "hint" }, words.help_text),
      h("div", { class: "command" }, h("code", {}, COMMAND), copier),
    ),
  );
}

/** Shows the page of signing in, until somebody has. @param {string} message @returns {Promise<void>} */
export function signIn(message) {
  return new Promise((resolve) => {
    const page = h(
      "main",
      { class: "sign-in" },
      h(
        "div",
        { class: "card" },
        h("div", { class: "brand" }, icon("images"), text.product),
        h("h1", {}, words.title),
        h("p", { class: "lead" }, words.lead),
        form(message, () => {
          page.remove();
          resolve();
        }),
      ),
    );
    document.body.prepend(page);
    page.querySelector("input")?.focus();
  });
}

/** Asks for a new token over what is shown. @param {"expired" | "refused"} why @returns {Promise<void>} */
export async function signInAgain(why) {
  const owner = session()?.owner;
  const { closed } = dialog(words.title, (close) => [form(words[why], () => close("signed in"))], {
    required: true,
  });
  await closed;
  // What is shown belongs to somebody else.
  if (owner !== session()?.owner) location.reload();
}
