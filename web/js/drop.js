// A guest's page: one thing to do. The ticket is in the fragment of the address, which is not sent
// to the server when the page is opened.

import { ask, Problem, reason } from "./api.js";
import { button, fill, h, icon, named } from "./dom.js";
import { accept } from "./files.js";
import { bytes, dateTime, typeNames } from "./format.js";
import { pickers } from "./gallery.js";
import { Queue } from "./queue.js";
import { uploadRows } from "./rows.js";
import { announce, blank } from "./say.js";
import { text } from "./strings.js";

/** @typedef {import("../types").Limits & { ticket?: import("../types").GuestTerms }} Terms */
const words = text.drop;

/** Shows the page. */
export async function drop() {
  const ticket = location.hash.slice(1);
  const main = h("main", { class: "guest", id: "main" });
  document.body.prepend(main);
  addEventListener("hashchange", () => location.reload());
  const wrong = (/** @type {string} */ title, /** @type {string} */ message, retry = false) =>
    fill(
      main,
      h(
        "div",
        { class: "card" },
        h("h1", { class: "hidden" }, text.product),
        blank(
          "alert",
          title,
          message,
          retry && button({ text: text.retry, kind: "outline", onclick: () => location.reload() }),
        ),
      ),
    );
  if (!ticket) return wrong(words.wrong_title, words.wrong);
  /** @type {Terms} */
  let terms;
  try {
    terms = await termsOf(ticket);
  } catch (error) {
    const { status = 0 } = error instanceof Problem ? error : {};
    if (status === 410) return wrong(words.ended_title, words.ended);
    if (status === 403 || status === 400) return wrong(words.wrong_title, words.wrong);
    return wrong(text.errors.unreachable, reason(error), true);
  }
  show(main, ticket, terms);
}

/** What a ticket allows. @param {string} ticket @returns {Promise<Terms>} */
async function termsOf(ticket) {
  return ask("GET", `v1/limits?${new URLSearchParams({ ticket })}`, { anonymous: true });
}

/** @param {HTMLElement} main @param {string} ticket @param {Terms} terms */
function show(main, ticket, terms) {
  const guest = terms.ticket ?? {
    name: null,
    filename: null,
    max_uploads: 1,
    remaining_uploads: 1,
    expires_at: "",
  };
  const title = guest.name || words.title;
  document.title = `${title} · ${text.product}`;
  if (guest.remaining_uploads === 0) {
    fill(
      main,
      h(
        "div",
        { class: "card" },
        h("h1", { class: "hidden" }, text.product),
        blank("check", words.used_title, words.used),
      ),
    );
    return;
  }
  // Of the ticket, no more than what tells it from others is kept.
  const scope = `ticket ${ticket.slice(-43)}`;
  let remaining = guest.remaining_uploads;
  let arrived = 0;
  const queue = new Queue({ scope, ticket, limits: async () => terms, most: () => remaining });
  const take = (/** @type {File[]} */ files) => queue.add(files);
  const area = h(
    "div",
    { class: "drop-area" },
    h("div", { class: "blank-icon" }, icon("upload")),
    h("p", {}, words.lead),
    h("div", { class: "actions" }, pickers(queue, false)),
  );
  const thanks = h("div", { class: "thanks", hidden: true, tabIndex: -1 });
  const left = h(
    "span",
    {},
    `${words.remaining(remaining)} ${guest.expires_at ? words.until(dateTime(guest.expires_at)) : ""}`,
  );
  fill(
    main,
    h(
      "div",
      { class: "card" },
      h("h1", {}, named(title)),
      h(
        "p",
        { class: "lead" },
        left,
        " ",
        words.allowed(typeNames(terms.upload.content_types), bytes(terms.upload.max_bytes)),
      ),
      thanks,
      area,
      uploadRows(queue, {}),
    ),
  );
  accept(take, () => remaining > 0, words.lead);
  queue.addEventListener("image", () => {
    remaining--;
    arrived++;
    left.textContent =
      remaining > 0
        ? `${words.remaining(remaining)} ${words.until(dateTime(guest.expires_at))}`
        : "";
    area.hidden = remaining === 0;
    announce(words.thanks_text(arrived));
  });
  queue.addEventListener("item", () => {
    const { running, paused } = queue.counts;
    thanks.hidden = arrived === 0 || running + paused > 0;
    if (!thanks.hidden)
      fill(
        thanks,
        icon("check"),
        h(
          "div",
          {},
          h("strong", {}, words.thanks),
          h("p", {}, words.thanks_text(arrived), " ", remaining > 0 ? words.more : words.all_used),
        ),
      );
  });
  void queue.restore();
}
