// For those who run the server: what is stored by whom, whether it is well, sweeps and audits.

import { ask, call, Problem, reason } from "./api.js";
import { button, check, field, fill, h, icon, named } from "./dom.js";
import { bytes, duration } from "./format.js";
import { address } from "./router.js";
import { blank, dialog } from "./say.js";
import { allows } from "./session.js";
import { text } from "./strings.js";
import { usageOf } from "./usage.js";

const words = text.admin;

/** Reads metrics in the text format of Prometheus. @param {string} source */
function samplesOf(source) {
  const samples = [];
  for (const line of source.split("\n")) {
    const sample = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i.exec(line);
    if (!sample) continue;
    const labels = Object.fromEntries(
      [...(sample[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [
        name,
        (value ?? "").replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c)),
      ]),
    );
    samples.push({ name: sample[1] ?? "", labels, value: Number(sample[3]) });
  }
  return samples;
}

/** @param {string} name @param {number} value */
const printed = (name, value) =>
  name.endsWith("_bytes")
    ? bytes(value)
    : name.endsWith("_seconds")
      ? value > 0
        ? duration(value)
        : words.none
      : text.number(value);

function health() {
  const state = h("p", { class: "health" }, text.loading);
  void call("GET", "health/ready", { anonymous: true }).then(
    () => fill(state, icon("check"), words.ready),
    (error) => {
      state.classList.add("bad");
      fill(state, icon("alert"), `${words.not_ready}: ${reason(error)}`);
    },
  );
  return h("section", {}, h("h2", {}, words.health), state);
}

async function totals() {
  const section = h("section", {}, h("h2", {}, words.totals));
  try {
    const response = await call("GET", "metrics", { headers: { Accept: "text/plain" } });
    const samples = samplesOf(await response.text());
    section.append(
      h(
        "dl",
        { class: "facts" },
        Object.entries(words.metrics).flatMap(([name, label]) => {
          const sample = samples.find(
            (sample) =>
              sample.name === `darkroom_${name}` && !Object.hasOwn(sample.labels, "owner"),
          );
          return sample ? [h("dt", {}, label), h("dd", {}, printed(name, sample.value))] : [];
        }),
      ),
    );
    /** @type {Map<string, { images: number, bytes: number }>} */
    const owners = new Map();
    for (const { name, labels, value } of samples) {
      const owner = labels.owner ?? labels.pseudonym;
      if (owner === undefined) continue;
      const entry = owners.get(owner) ?? { images: 0, bytes: 0 };
      if (/owner_images$/.test(name)) entry.images = value;
      if (/owner_bytes$/.test(name)) entry.bytes = value;
      owners.set(owner, entry);
    }
    return [section, ownersOf(owners)];
  } catch (error) {
    section.append(
      h(
        "p",
        { class: "hint" },
        error instanceof Problem && error.status === 403 ? words.metrics_hidden : reason(error),
      ),
    );
    return [section];
  }
}

/** @param {Map<string, { images: number, bytes: number }>} owners */
function ownersOf(owners) {
  const rows = [...owners]
    .sort(([, a], [, b]) => b.bytes - a.bytes)
    .map(([owner, kept]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, named(owner)),
        h("td", {}, text.number(kept.images)),
        h("td", {}, bytes(kept.bytes)),
        h(
          "td",
          {},
          allows("admin") &&
            h(
              "a",
              {
                class: "button quiet small",
                href: address("images", new URLSearchParams({ owner })),
                "aria-label": words.show_images_of(owner),
              },
              words.show_images,
            ),
        ),
      ),
    );
  const table = h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", {}, words.owner),
        h("th", {}, text.usage.images),
        h("th", {}, text.usage.storage),
        h("td", {}),
      ),
    ),
    h("tbody", {}, rows),
  );
  return h(
    "section",
    {},
    h("h2", {}, words.owners),
    h("p", { class: "hint" }, owners.size > 0 ? words.owners_text : words.no_owners),
    owners.size > 0 && table,
    allows("admin") && lookUp(),
  );
}

function lookUp() {
  const name = h("input", {
    type: "text",
    maxLength: 128,
    required: true,
    autocomplete: "off",
    dir: "auto",
  });
  const found = h("div", { "aria-live": "polite" });
  const look = async () => {
    const owner = name.value;
    try {
      fill(
        found,
        await usageOf(owner),
        h(
          "div",
          { class: "actions start" },
          h(
            "a",
            { class: "button outline", href: address("images", new URLSearchParams({ owner })) },
            words.show_images,
          ),
          button({ text: words.erase, kind: "outline bad", onclick: () => erase(owner, look) }),
        ),
      );
    } catch (error) {
      fill(found, h("p", { class: "problem" }, reason(error)));
    }
  };
  return h(
    "form",
    {
      class: "form",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void look();
      },
    },
    field(
      words.look_up,
      name,
      undefined,
      h(
        "div",
        { class: "inline" },
        name,
        h("button", { type: "submit", class: "button outline" }, words.look),
      ),
    ),
    found,
  );
}

/** @param {string} owner @param {() => Promise<void>} done */
function erase(owner, done) {
  const name = h("input", { type: "text", autocomplete: "off", dir: "auto", required: true });
  const status = h("p", { class: "hint", "aria-live": "polite" });
  const submit = h("button", { type: "submit", class: "button primary bad" }, words.erase);
  const run = async () => {
    if (name.value !== owner)
      return (name.setCustomValidity(words.erase_name), void name.reportValidity());
    submit.disabled = true;
    let count = 0;
    try {
      for (;;) {
        /** @type {{ deleted: number, remaining: number, more: boolean }} */
        const step = await ask("DELETE", `v1/owners/${encodeURIComponent(owner)}`);
        count += step.deleted;
        status.textContent = words.erasing(count, step.remaining);
        if (!step.more) break;
      }
      status.textContent = words.erased(count);
      await done();
    } catch (error) {
      status.textContent = reason(error);
      submit.disabled = false;
    }
  };
  name.addEventListener("input", () => name.setCustomValidity(""));
  dialog(words.erase, () => [
    h(
      "form",
      {
        class: "form",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          void run();
        },
      },
      h("p", {}, words.erase_confirm(owner)),
      field(words.erase_name, name),
      status,
      h("div", { class: "actions" }, submit),
    ),
  ]);
}

/** A task of many steps, which can be stopped. @param {string} title @param {string} about @param {string} start @param {(tell: (...message: import("./dom.js").Child[]) => void, signal: AbortSignal) => Promise<void>} run @param {...HTMLElement} options */
function chore(title, about, start, run, ...options) {
  const status = h("div", { class: "chore-status", role: "status" });
  const bar = h(
    "div",
    { class: "progress busy", hidden: true, role: "progressbar", "aria-label": title },
    h("div", { class: "bar" }),
  );
  /** @type {AbortController | null} */
  let running = null;
  const act = button({
    text: start,
    kind: "outline",
    onclick: () => (running ? running.abort() : void go()),
  });
  const label = act.querySelector("span");
  const go = async () => {
    running = new AbortController();
    if (label) label.textContent = words.stop;
    bar.hidden = false;
    try {
      await run((...message) => fill(status, ...message), running.signal);
    } catch (error) {
      status.append(
        h(
          "p",
          { class: running.signal.aborted ? "hint" : "problem" },
          running.signal.aborted ? words.stopped : reason(error),
        ),
      );
    }
    bar.hidden = true;
    running = null;
    if (label) label.textContent = start;
  };
  return h(
    "section",
    {},
    h("h2", {}, title),
    h("p", { class: "hint" }, about),
    ...options,
    h("div", { class: "actions start" }, act),
    bar,
    status,
  );
}

/** @param {(...message: import("./dom.js").Child[]) => void} tell @param {AbortSignal} signal */
async function sweep(tell, signal) {
  const sum = { blobs: 0, leases: 0, variants: 0 };
  for (let more = true; more;) {
    /** @type {import("../types").Swept} */
    const step = await ask("POST", "v1/admin/sweep", { json: {}, signal });
    for (const name of /** @type {const} */ (["blobs", "leases", "variants"]))
      sum[name] += step[name];
    tell(words.swept(sum.blobs, sum.leases, sum.variants));
    more = step.more;
  }
}

/** @param {boolean} repair @param {(...message: import("./dom.js").Child[]) => void} tell @param {AbortSignal} signal */
async function audit(repair, tell, signal) {
  const sum = { images: 0, blobs: 0, bytes: 0 };
  const findings = [];
  for (
    let cursor = /** @type {string | null} */ (null), isFirst = true;
    isFirst || cursor !== null;
    isFirst = false
  ) {
    /** @type {import("../types").Audited} */
    const page = await ask("POST", "v1/admin/audit", {
      json: { limit: 200, repair, ...(cursor === null ? {} : { cursor }) },
      signal,
    });
    sum.images += page.images;
    sum.blobs += page.blobs;
    sum.bytes += page.bytes;
    findings.push(...page.findings);
    cursor = page.next_cursor;
    const list = findings
      .slice(0, 200)
      .map(({ fault, detail, remedy, repaired }) =>
        h(
          "li",
          { class: "list-row" },
          h("span", { class: "state" }, fault),
          h(
            "span",
            { class: "list-main" },
            h("span", {}, detail),
            remedy && h("small", {}, repaired ? words.repaired : remedy),
          ),
        ),
      );
    tell(
      h("p", {}, words.audited(sum.images, sum.blobs, bytes(sum.bytes))),
      findings.length > 0 && h("h3", {}, words.faults(findings.length)),
      list.length > 0 && h("ul", { class: "plain-list" }, list),
    );
    if (cursor === null && findings.length === 0)
      tell(
        h("p", { class: "health" }, icon("check"), words.clean),
        h("p", {}, words.audited(sum.images, sum.blobs, bytes(sum.bytes))),
      );
  }
}

/** The view. */
export async function admin() {
  const repair = check(words.repair);
  const page = h("div", { class: "view page" }, h("h1", {}, words.title), health());
  if (
    !["admin", "maintenance", "metrics"].some((scope) => allows(/** @type {"admin"} */ (scope)))
  ) {
    fill(page, blank("alert", words.title, text.sign_in.nothing));
    return page;
  }
  page.append(...(await totals()));
  if (allows("maintenance")) {
    page.append(
      chore(words.sweep, words.sweep_text, words.sweep_run, sweep),
      chore(
        words.audit,
        words.audit_text,
        words.audit_run,
        (tell, signal) => audit(repair.box.checked, tell, signal),
        repair.row,
      ),
    );
  }
  return page;
}
