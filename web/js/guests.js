// Guest links: tickets with which somebody without a token sends pictures.

import { ask, base, call, limits, reason } from "./api.js";
import { button, check, field, fill, h, named, select } from "./dom.js";
import { dateTime, typeName } from "./format.js";
import { qr } from "./qr.js";
import { address } from "./router.js";
import { announce, blank, copy, dialog, toast } from "./say.js";
import { allows } from "./session.js";
import { durations } from "./share.js";
import { text } from "./strings.js";
import { tagField } from "./tags.js";

/** @typedef {import("../types").Ticket} Ticket */
const words = text.guests;

/** The address of a guest's page. @param {string} upload */
function addressOf(upload) {
  const ticket = new URL(upload, base).searchParams.get("ticket") ?? "";
  const absolute = /^https?:/.test(upload) ? upload.slice(0, upload.indexOf("v1/")) : base.href;
  return `${absolute}drop#${ticket}`;
}

/** @param {Ticket} ticket */
const titleOf = (ticket) => ticket.name || text.drop.title;

/** @param {Ticket} ticket */
function show(ticket) {
  const url = addressOf(ticket.upload_url ?? "");
  const output = h("textarea", {
    readOnly: true,
    rows: 4,
    value: url,
    dir: "ltr",
    "aria-label": words.address,
    onfocus: () => output.select(),
  });
  const copier = button({
    icon: "copy",
    text: text.copy,
    kind: "primary",
    onclick: () => void copy(url, copier),
  });
  dialog(
    titleOf(ticket),
    () => [
      h(
        "p",
        { class: "hint" },
        `${words.used(ticket.uploads, ticket.max_uploads)}, ${words.until(dateTime(ticket.expires_at))}`,
      ),
      h(
        "div",
        { class: "result" },
        h("div", { class: "result-main" }, output, h("div", { class: "result-row" }, copier)),
        code(url),
      ),
    ],
    { kind: "share" },
  );
  copier.focus();
}

/** A QR code, unless the address is too long for one that can be read. @param {string} url */
function code(url) {
  return url.length < 900 ? qr(url, text.share.qr) : null;
}

/** @param {() => void} created */
async function create(created) {
  const all = await limits();
  const most = "max_uploads" in all.upload_tickets ? Number(all.upload_tickets.max_uploads) : 1;
  const name = h("input", { type: "text", maxLength: 100, autocomplete: "off", dir: "auto" });
  const expires = select(durations(all.upload_tickets.max_seconds), "86400");
  const count = h("input", {
    type: "number",
    min: "1",
    max: String(most),
    step: "1",
    value: String(Math.min(20, most)),
    required: true,
  });
  const size = h("input", {
    type: "number",
    min: "0.001",
    max: String(all.upload.max_bytes / 1e6),
    step: "any",
    placeholder: words.default_size,
  });
  const types = all.upload.content_types.map((type) => ({
    type,
    ...check(typeName(type), { checked: true }),
  }));
  const tags = tagField([]);
  const visibility = select(
    [
      ["private", text.viewer.private],
      ["public", text.viewer.public],
    ],
    "private",
  );
  const error = h("p", { class: "problem", role: "alert", hidden: true });
  const submit = async () => {
    const chosen = types.filter(({ box }) => box.checked).map(({ type }) => type);
    const isNew = most > 1;
    try {
      /** @type {Ticket} */
      const ticket = await ask("POST", "v1/upload-tickets", {
        json: {
          expires_in: Number(expires.value),
          ...(isNew ? { max_uploads: Number(count.value) } : {}),
          ...(isNew && name.value.trim() ? { name: name.value.trim() } : {}),
          ...(size.value ? { max_bytes: Math.round(Number(size.value) * 1e6) } : {}),
          ...(chosen.length > 0 && chosen.length < types.length ? { content_types: chosen } : {}),
          ...(tags.value.length > 0 ? { tags: tags.value } : {}),
          visibility: visibility.value,
        },
      });
      close();
      created();
      show({ ...ticket, max_uploads: ticket.max_uploads ?? 1, uploads: ticket.uploads ?? 0 });
    } catch (failure) {
      error.textContent = reason(failure);
      error.hidden = false;
    }
  };
  const { close } = dialog(words.create, () => [
    h(
      "form",
      {
        class: "form",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          void submit();
        },
      },
      field(words.name, name, words.name_text),
      h("div", { class: "pair" }, field(words.expires, expires), field(words.max_uploads, count)),
      h("div", { class: "pair" }, field(words.max_size, size), field(words.visibility, visibility)),
      h(
        "fieldset",
        {},
        h("legend", {}, words.types),
        h(
          "div",
          { class: "checks" },
          types.map(({ row }) => row),
        ),
      ),
      field(words.tags, tags.input, undefined, tags.element),
      error,
      h(
        "div",
        { class: "actions" },
        button({ text: text.cancel, kind: "quiet", onclick: () => close() }),
        h("button", { type: "submit", class: "button primary" }, words.submit),
      ),
    ),
  ]);
  name.focus();
}

/** @param {Ticket} ticket @param {() => void} changed */
function row(ticket, changed) {
  const title = titleOf(ticket);
  const revoke = async () => {
    try {
      await call("DELETE", `v1/upload-tickets/${ticket.ticket}`);
      announce(words.revoked);
      changed();
    } catch (error) {
      toast(reason(error), { kind: "bad" });
    }
  };
  const isOpen = ticket.status === "open";
  return h(
    "li",
    { class: "list-row ticket" },
    h("span", { class: `state ${ticket.status}` }, words.states[ticket.status] ?? ticket.status),
    h(
      "span",
      { class: "list-main" },
      named(title, "list-name"),
      h(
        "small",
        {},
        `${words.used(ticket.uploads, ticket.max_uploads)} · ${words.until(dateTime(ticket.expires_at))}`,
      ),
    ),
    h(
      "span",
      { class: "row-actions" },
      ticket.uploads > 0 &&
        allows("images:read") &&
        h(
          "a",
          {
            class: "button quiet small",
            href: address("images", new URLSearchParams({ ticket: ticket.ticket })),
            "aria-label": words.images_of(title),
          },
          words.view,
        ),
      isOpen &&
        ticket.upload_url &&
        button({
          text: words.show,
          label: words.show_of(title),
          kind: "outline small",
          onclick: () => show(ticket),
        }),
      isOpen &&
        button({
          text: words.revoke,
          label: words.revoke_of(title),
          kind: "quiet small bad",
          onclick: () => void revoke(),
        }),
    ),
  );
}

/** The view. */
export async function guests() {
  const list = h("ul", { class: "plain-list" });
  const message = h("div", {});
  const more = button({
    text: words.more,
    kind: "outline",
    hidden: true,
    onclick: () => void load(),
  });
  const page = h(
    "div",
    { class: "view page" },
    h(
      "div",
      { class: "page-head" },
      h("div", {}, h("h1", {}, words.title), h("p", { class: "lead" }, words.lead)),
      button({
        icon: "add",
        text: words.create,
        kind: "primary",
        onclick: () => void create(() => void load(true)),
      }),
    ),
    list,
    message,
    more,
  );
  /** @type {string | null} */
  let cursor = null;
  const load = async (isNew = false) => {
    if (isNew) cursor = null;
    try {
      /** @type {import("../types").Page<Ticket>} */
      const found = await ask(
        "GET",
        `v1/upload-tickets?${new URLSearchParams({ limit: "50", ...(cursor ? { cursor } : {}) })}`,
      );
      if (cursor === null) fill(list);
      cursor = found.next_cursor;
      more.hidden = cursor === null;
      list.append(...found.items.map((ticket) => row(ticket, () => void load(true))));
      fill(
        message,
        list.childElementCount === 0 && blank("guests", words.empty_title, words.empty),
      );
    } catch (error) {
      fill(
        message,
        blank(
          "alert",
          text.errors.unexpected,
          reason(error),
          button({ text: text.retry, kind: "outline", onclick: () => void load(true) }),
        ),
      );
    }
  };
  await load(true);
  return page;
}
