// Everything that is known of an image, and a form for what can be changed.

import { limits, reason } from "./api.js";
import { isConflict, load, metadataChange, patch } from "./edit.js";
import { button, field, fill, h, icon, named } from "./dom.js";
import { bytes, dateTime, typeName } from "./format.js";
import { address } from "./router.js";
import { announce, copy, dialog } from "./say.js";
import { allows } from "./session.js";
import { text } from "./strings.js";
import { remember, tagField } from "./tags.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {{ filename: string, visibility: string, tags: string[], metadata: Record<string, string> }} Values */
const words = text.viewer;

/** @param {Image} image @returns {Values} */
const valuesOf = (image) => ({
  filename: image.filename ?? "",
  visibility: image.visibility,
  tags: image.tags,
  metadata: image.metadata,
});

/** @param {unknown} a @param {unknown} b */
const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);
/** @param {Record<string, string>} record */
const sorted = (record) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/** @param {Values} a @param {Values} b */
const areSame = (a, b) =>
  a.filename === b.filename &&
  a.visibility === b.visibility &&
  isSame(a.tags, b.tags) &&
  isSame(sorted(a.metadata), sorted(b.metadata));

/** @param {Values} before @param {Values} after */
function changeOf(before, after) {
  /** @type {import("./edit.js").Change} */
  const change = {};
  if (before.filename !== after.filename) change.filename = after.filename || null;
  if (before.visibility !== after.visibility) change.visibility = after.visibility;
  if (!isSame(before.tags, after.tags)) change.tags = after.tags;
  const metadata = metadataChange(before.metadata, after.metadata);
  if (Object.keys(metadata).length > 0) change.metadata = metadata;
  return change;
}

/**
 * @param {Image} image @param {string} etag
 * @param {(image: Image) => void} changed
 */
export function details(image, etag, changed) {
  const mayWrite = allows("images:write");
  const editor = form(valuesOf(image), mayWrite, () => refresh());
  const error = h("p", { class: "problem", role: "alert", hidden: true });
  const save = h("button", { type: "submit", class: "button primary" }, text.save);
  const discard = button({ text: words.discard, kind: "quiet", onclick: () => take(image, etag) });
  const actions = h("div", { class: "actions save-bar", hidden: true }, discard, save);
  const facts = h("dl", { class: "facts" });

  const isDirty = () => mayWrite && !areSame(valuesOf(image), editor.values());
  const refresh = () => (actions.hidden = !isDirty());
  /** @param {Image} next @param {string} tag */
  const take = (next, tag) => {
    [image, etag] = [next, tag];
    editor.set(valuesOf(next));
    error.hidden = true;
    fill(facts, ...factsOf(next));
    refresh();
  };
  const submit = async (/** @type {Values} */ before, /** @type {Values} */ after) => {
    save.disabled = true;
    try {
      const saved = await patch(image.id, changeOf(before, after), etag);
      take(saved.image, saved.etag);
      changed(saved.image);
      announce(words.saved);
    } catch (failure) {
      if (isConflict(failure)) await resolve(after);
      else {
        error.textContent = reason(failure);
        error.hidden = false;
      }
    } finally {
      save.disabled = false;
    }
  };
  /** Shows both versions. @param {Values} mine */
  const resolve = async (mine) => {
    const saved = await load(image.id);
    const chosen = await chooseVersion(mine, valuesOf(saved.image));
    if (!chosen) return;
    take(saved.image, saved.etag);
    changed(saved.image);
    editor.set(chosen);
    if (areSame(chosen, valuesOf(saved.image))) refresh();
    else await submit(valuesOf(saved.image), chosen);
  };
  fill(facts, ...factsOf(image));
  remember(image.tags);
  const element = h(
    "div",
    {},
    h(
      "form",
      {
        class: "form",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          if (isDirty()) void submit(valuesOf(image), editor.values());
        },
      },
      editor.parts,
      error,
      actions,
    ),
    h("h2", { class: "section" }, words.information),
    facts,
  );
  return {
    element,
    get isDirty() {
      return isDirty();
    },
  };
}

/** @param {Values} initial @param {boolean} mayWrite @param {() => void} change */
function form(initial, mayWrite, change) {
  const name = h("input", {
    type: "text",
    value: initial.filename,
    dir: "auto",
    disabled: !mayWrite,
    oninput: change,
    autocomplete: "off",
  });
  const tags = tagField(initial.tags, { change, disabled: !mayWrite });
  const choice = (
    /** @type {string} */ value,
    /** @type {string} */ label,
    /** @type {string} */ about,
    /** @type {import("./dom.js").Icon} */ symbol,
  ) => {
    const radio = h("input", {
      type: "radio",
      name: "visibility",
      value,
      checked: initial.visibility === value,
      disabled: !mayWrite,
      onchange: change,
    });
    return {
      radio,
      row: h(
        "label",
        { class: "choice" },
        radio,
        icon(symbol),
        h("span", {}, h("strong", {}, label), h("small", {}, about)),
      ),
    };
  };
  const hidden = choice("private", words.private, words.private_text, "lock");
  const open = choice("public", words.public, words.public_text, "globe");
  const entries = h("div", { class: "entries" });
  const add = (/** @type {string} */ key, /** @type {string} */ value, focus = false) => {
    const first = h("input", {
      type: "text",
      value: key,
      dir: "auto",
      placeholder: words.name,
      "aria-label": words.metadata_name,
      disabled: !mayWrite,
      oninput: change,
    });
    const second = h("input", {
      type: "text",
      value,
      dir: "auto",
      placeholder: words.metadata_value,
      "aria-label": words.metadata_value,
      disabled: !mayWrite,
      oninput: change,
    });
    const row = h(
      "div",
      { class: "entry" },
      first,
      second,
      mayWrite &&
        button({
          icon: "close",
          label: words.remove_entry(key),
          kind: "quiet",
          onclick: () => {
            row.remove();
            change();
            more.focus();
          },
        }),
    );
    entries.append(row);
    if (focus) first.focus();
  };
  const more = button({
    icon: "add",
    text: words.add_entry,
    kind: "quiet small",
    onclick: () => add("", "", true),
  });
  for (const [key, value] of Object.entries(initial.metadata)) add(key, value);
  void limits().then(
    (all) => tags.input.setAttribute("maxlength", String(all.tags.max_characters)),
    () => {},
  );
  return {
    parts: [
      field(words.name, name),
      field(words.tags, tags.input, undefined, tags.element),
      h("fieldset", {}, h("legend", {}, words.visibility), hidden.row, open.row),
      (mayWrite || Object.keys(initial.metadata).length > 0) &&
        h("fieldset", {}, h("legend", {}, words.metadata), entries, mayWrite && more),
    ],
    /** @returns {Values} */
    values() {
      const rows = [...entries.children].map((row) =>
        [...row.querySelectorAll("input")].map((input) => input.value),
      );
      const metadata = Object.fromEntries(
        rows.flatMap(([key = "", value = ""]) => (key.trim() ? [[key.trim(), value]] : [])),
      );
      return {
        filename: name.value.trim(),
        visibility: open.radio.checked ? "public" : "private",
        tags: tags.value,
        metadata,
      };
    },
    /** @param {Values} values */
    set(values) {
      name.value = values.filename;
      tags.set(values.tags);
      open.radio.checked = values.visibility === "public";
      hidden.radio.checked = values.visibility !== "public";
      entries.replaceChildren();
      for (const [key, value] of Object.entries(values.metadata)) add(key, value);
    },
  };
}

/** @param {Image} image */
function factsOf(image) {
  const copied = (/** @type {string} */ value) =>
    h(
      "span",
      { class: "copyable" },
      h("code", {}, value),
      button({
        icon: "copy",
        label: text.copy,
        kind: "quiet small",
        onclick: (/** @type {Event} */ event) =>
          event.currentTarget instanceof HTMLButtonElement && void copy(value, event.currentTarget),
      }),
    );
  /** @type {[string, import("./dom.js").Child][]} */
  const rows = [
    [words.dimensions, `${text.number(image.width)} × ${text.number(image.height)}`],
    [words.type, typeName(image.content_type)],
    [words.size, bytes(image.size)],
  ];
  if (image.frames > 1) rows.push([words.frames, text.number(image.frames)]);
  rows.push([words.uploaded, dateTime(image.created_at)]);
  if (image.updated_at !== image.created_at) rows.push([words.changed, dateTime(image.updated_at)]);
  rows.push([words.owner, named(image.owner)]);
  if (image.ticket)
    rows.push([
      words.ticket,
      h(
        "a",
        { href: address("images", new URLSearchParams({ ticket: image.ticket })) },
        image.ticket.slice(0, 12),
      ),
    ]);
  rows.push([words.id, copied(image.id)], [words.sha256, copied(image.sha256)]);
  return rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
}

/** Lets a person choose between two versions, member by member. @param {Values} mine @param {Values} theirs @returns {Promise<Values | null>} */
async function chooseVersion(mine, theirs) {
  const shown = (/** @type {unknown} */ value) => {
    const list = Array.isArray(value)
      ? value.join(", ")
      : typeof value === "object" && value !== null
        ? Object.entries(value)
            .map(([k, v]) => `${k}: ${v}`)
            .join("\n")
        : String(value);
    return list || words.nothing;
  };
  const members = /** @type {const} */ (["filename", "visibility", "tags", "metadata"]);
  const labels = {
    filename: words.name,
    visibility: words.visibility,
    tags: words.tags,
    metadata: words.metadata,
  };
  const differing = members.filter((member) => !isSame(mine[member], theirs[member]));
  /** @type {Map<string, HTMLInputElement>} */
  const kept = new Map();
  const { closed } = dialog(
    words.conflict,
    (close) => [
      h("p", {}, words.conflict_text),
      h(
        "form",
        {
          class: "form",
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            close("keep");
          },
        },
        ...differing.map((member) => {
          const side = (/** @type {boolean} */ isMine) => {
            const radio = h("input", { type: "radio", name: member, checked: isMine });
            if (isMine) kept.set(member, radio);
            return h(
              "label",
              { class: "choice version" },
              radio,
              h(
                "span",
                {},
                h("strong", {}, isMine ? words.yours : words.theirs),
                h("small", { dir: "auto" }, shown((isMine ? mine : theirs)[member])),
              ),
            );
          };
          return h(
            "fieldset",
            { class: "pair" },
            h("legend", {}, labels[member]),
            side(true),
            side(false),
          );
        }),
        h(
          "div",
          { class: "actions" },
          button({ text: text.cancel, kind: "quiet", onclick: () => close() }),
          h("button", { type: "submit", class: "button primary" }, words.keep),
        ),
      ),
    ],
    { kind: "wide" },
  );
  if ((await closed) !== "keep") return null;
  const pick = (/** @type {string} */ member) => kept.get(member)?.checked ?? true;
  return {
    filename: pick("filename") ? mine.filename : theirs.filename,
    visibility: pick("visibility") ? mine.visibility : theirs.visibility,
    tags: pick("tags") ? mine.tags : theirs.tags,
    metadata: pick("metadata") ? mine.metadata : theirs.metadata,
  };
}
