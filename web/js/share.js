// Links to pictures: with an end, in every form in which they are pasted, and as a QR code.

import { absolute, ask, call, limits, Problem, reason } from "./api.js";
import { button, check, field, fill, h, named, select } from "./dom.js";
import { dateTime, duration, nameOf } from "./format.js";
import { forget } from "./pictures.js";
import { qr } from "./qr.js";
import { announce, copy, dialog, toast } from "./say.js";
import { allows } from "./session.js";
import { text } from "./strings.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {import("../types").Limits} Limits */
const words = text.share;

/** The forms of a link. */
const FORMATS = /** @type {Record<string, (url: string, name: string) => string>} */ ({
  URL: (url) => url,
  Markdown: (url, name) => `![${name.replace(/([\\[\]])/g, "\\$1")}](${url})`,
  HTML: (url, name) => `<img src="${escaped(url)}" alt="${escaped(name)}">`,
  BBCode: (url) => `[img]${url}[/img]`,
});
/** @param {string} value */
const escaped = (value) =>
  value.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** How long a link or a guest link may last. @param {number} longest in seconds */
export function durations(longest) {
  const known = Object.entries(words.durations).filter(([seconds]) => Number(seconds) <= longest);
  /** @type {[string, string][]} */
  const options = known.map(([seconds, name]) => [seconds, name]);
  if (!Object.hasOwn(words.durations, longest))
    options.push([String(longest), words.longest(duration(longest))]);
  return options;
}

/** The sizes that a link can have. @param {Image[]} images @param {Limits["derived"]} derived */
function sizes(images, derived) {
  /** @type {[string, string][]} */
  const options = [["", words.original]];
  if (!derived.enabled) return options;
  const widest = Math.max(...images.map(({ width }) => width));
  if (derived.policy !== "presets") {
    for (const width of [1920, 1080, 640].filter(
      (width) => width < widest && width <= derived.max_side,
    ))
      options.push([`w=${width}`, words.wide(width)]);
  }
  for (const name of Object.keys(derived.presets))
    options.push([`preset=${name}`, words.preset(name)]);
  return options;
}

/** @param {string} size one of `sizes` */
function sized(size) {
  const [kind, value = ""] = size.split(/=(.*)/s);
  if (kind === "w") return { transform: { w: Number(value), format: "auto" } };
  return kind === "preset" ? { preset: value } : {};
}

/** The form of a new link. @param {Image[]} images @param {Limits} all */
function terms(images, all) {
  const expires = select(durations(all.links.max_seconds), "86400");
  if (!expires.value) expires.selectedIndex = 0;
  const size = select(sizes(images, all.derived), "");
  const download = check(words.download);
  const name = h("input", { type: "text", maxLength: 100, autocomplete: "off", dir: "auto" });
  const hasNames = "max_named" in all.links;
  return {
    parts: [
      h("div", { class: "pair" }, field(words.expires, expires), field(words.size, size)),
      hasNames && field(words.name, name, words.name_text),
      download.row,
    ],
    hasNames,
    json: () => ({
      expires_in: Number(expires.value),
      ...sized(size.value),
      ...(download.box.checked ? { download: true } : {}),
      ...(name.value.trim() ? { name: name.value.trim() } : {}),
    }),
  };
}

/** What a new link looks like. @param {{ url: string, name: string }[]} links @param {string} expires */
function result(links, expires) {
  const output = h("textarea", {
    readOnly: true,
    rows: links.length > 1 ? 6 : 3,
    "aria-label": words.link,
    dir: "ltr",
    onfocus: () => output.select(),
  });
  const draw = () =>
    (output.value = links
      .map(({ url, name }) => (FORMATS[format.value] ?? FORMATS.URL)?.(url, name) ?? url)
      .join("\n"));
  const format = select(
    Object.keys(FORMATS).map((name) => [name, name]),
    "URL",
    { "aria-label": words.format, onchange: draw },
  );
  const copier = button({
    icon: "copy",
    text: text.copy,
    kind: "primary",
    onclick: () => void copy(output.value, copier),
  });
  draw();
  const code = links.length === 1 && links[0] ? qr(links[0].url, words.qr) : null;
  return h(
    "div",
    { class: "result" },
    h(
      "div",
      { class: "result-main" },
      output,
      h("div", { class: "result-row" }, format, copier),
      expires && h("p", { class: "hint" }, words.until(dateTime(expires))),
    ),
    code,
  );
}

/** @param {Image} image */
export async function openShare(image) {
  const all = await limits();
  const made = terms([image], all);
  const outcome = h("div", { "aria-live": "polite" });
  const error = h("p", { class: "problem", role: "alert", hidden: true });
  const list = h("ul", { class: "plain-list" });
  const listed = h("section", { hidden: true }, h("h3", {}, words.links), list);
  const refresh = async () => {
    if (!made.hasNames) return;
    listed.hidden = false;
    /** @type {{ items: import("../types").NamedLink[] }} */
    const { items } = await ask("GET", `v1/images/${image.id}/links`);
    fill(
      list,
      items.length === 0 && h("li", { class: "hint" }, words.none),
      items.map((link) => namedLink(image, link, refresh)),
    );
  };
  const create = async () => {
    error.hidden = true;
    try {
      /** @type {import("../types").Link} */
      const link = await ask("POST", `v1/images/${image.id}/links`, { json: made.json() });
      fill(outcome, result([{ url: absolute(link.url), name: nameOf(image) }], link.expires_at));
      await refresh();
    } catch (failure) {
      error.textContent = reason(failure);
      error.hidden = false;
    }
  };
  const revokeAll = async () => {
    try {
      await call("DELETE", `v1/images/${image.id}/links`);
      forget(image.id);
      fill(outcome);
      toast(words.all_revoked);
      await refresh();
    } catch (failure) {
      toast(reason(failure), { kind: "bad" });
    }
  };
  const { element } = dialog(
    words.title,
    () => [
      h("p", {}, image.visibility === "public" ? words.public : words.lead),
      image.visibility === "public" &&
        result([{ url: absolute(image.links.content), name: nameOf(image) }], ""),
      h(
        "form",
        {
          class: "form",
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            void create();
          },
        },
        ...made.parts,
        error,
        h(
          "div",
          { class: "actions" },
          h("button", { type: "submit", class: "button primary" }, words.create),
        ),
      ),
      outcome,
      listed,
      allows("images:write") &&
        h(
          "section",
          { class: "danger" },
          h("p", { class: "hint" }, words.revoke_all_text),
          button({ text: words.revoke_all, kind: "outline bad", onclick: () => void revokeAll() }),
        ),
    ],
    { kind: "share" },
  );
  element.querySelector("select")?.focus();
  refresh().catch(() => (listed.hidden = true));
}

/** @param {Image} image @param {import("../types").NamedLink} link @param {() => Promise<void>} refresh */
function namedLink(image, link, refresh) {
  const copier = button({
    icon: "copy",
    text: text.copy,
    kind: "quiet small",
    onclick: () => void copy(absolute(link.url), copier),
  });
  const revoke = async () => {
    try {
      await call("DELETE", `v1/images/${image.id}/links/${link.id}`);
      announce(words.revoked);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404))
        toast(reason(error), { kind: "bad" });
    }
    await refresh();
  };
  return h(
    "li",
    { class: "list-row" },
    h(
      "span",
      { class: "list-main" },
      named(link.name, "list-name"),
      h("small", {}, words.until(dateTime(link.expires_at))),
    ),
    copier,
    allows("images:write") &&
      button({
        text: words.revoke_one,
        label: words.revoke(link.name),
        kind: "quiet small bad",
        onclick: () => void revoke(),
      }),
  );
}

/** Links to several images. @param {Image[]} images */
export async function shareAll(images) {
  if (images.length === 1 && images[0]) return openShare(images[0]);
  const all = await limits();
  const made = terms(images, all);
  const outcome = h("div", { "aria-live": "polite" });
  const error = h("p", { class: "problem", role: "alert", hidden: true });
  const create = async () => {
    error.hidden = true;
    try {
      const links = [];
      let expires = "";
      for (let from = 0; from < images.length; from += 100) {
        const batch = images.slice(from, from + 100);
        /** @type {{ items: { link: import("../types").Link | null, problem: import("../types").ProblemBody | null }[] }} */
        const { items } = await ask("POST", "v1/links", {
          json: { ...made.json(), ids: batch.map(({ id }) => id) },
        });
        for (const [at, { link, problem }] of items.entries()) {
          const image = batch[at];
          if (!link || !image) {
            error.textContent = problem?.detail ?? problem?.title ?? "";
            error.hidden = false;
            continue;
          }
          links.push({ url: absolute(link.url), name: nameOf(image) });
          expires = link.expires_at;
        }
      }
      if (links.length > 0) fill(outcome, result(links, expires));
    } catch (failure) {
      error.textContent = reason(failure);
      error.hidden = false;
    }
  };
  dialog(
    text.selection.links_title(images.length),
    () => [
      h("p", {}, words.lead),
      h(
        "form",
        {
          class: "form",
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            void create();
          },
        },
        ...made.parts,
        error,
        h(
          "div",
          { class: "actions" },
          h("button", { type: "submit", class: "button primary" }, words.create),
        ),
      ),
      outcome,
    ],
    { kind: "share" },
  );
}
