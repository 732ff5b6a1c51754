// What is kept, how much may be, and how other programs upload.

import { ask, base, call, limits, reason } from "./api.js";
import { button, fill, h } from "./dom.js";
import { bytes, typeNames } from "./format.js";
import { blank, toast } from "./say.js";
import { allows } from "./session.js";
import { text } from "./strings.js";

const words = text.usage;

/** A bar of what is used. @param {string} label @param {number} used @param {number | null} quota @param {(n: number) => string} print */
function meter(label, used, quota, print) {
  const share = quota ? Math.min(1, used / quota) : 0;
  const bar = h("div", { class: "bar" });
  bar.style.transform = `scaleX(${share})`;
  const kind = share >= 1 ? "full" : share > 0.9 ? "nearly" : "";
  return h(
    "div",
    { class: "meter" },
    h(
      "div",
      { class: "meter-head" },
      h("span", {}, label),
      h("strong", {}, quota ? words.of(print(used), print(quota)) : print(used)),
    ),
    quota !== null &&
      h(
        "div",
        {
          class: `progress ${kind}`,
          role: "meter",
          "aria-label": label,
          "aria-valuenow": String(used),
          "aria-valuemin": "0",
          "aria-valuemax": String(quota),
        },
        bar,
      ),
    h(
      "small",
      { class: "hint" },
      quota === null ? words.unlimited : words.left(print(Math.max(0, quota - used))),
    ),
  );
}

/** The bars of an owner. @param {string} [owner] */
export async function usageOf(owner) {
  /** @type {import("../types").Usage} */
  const usage = await ask("GET", `v1/usage${owner ? `?${new URLSearchParams({ owner })}` : ""}`);
  return h(
    "div",
    { class: "meters" },
    meter(words.storage, usage.bytes, usage.quota.bytes, bytes),
    meter(words.images, usage.images, usage.quota.images, text.number),
  );
}

async function sharex() {
  try {
    const response = await call("GET", "v1/integrations/sharex");
    const url = URL.createObjectURL(await response.blob());
    h("a", { href: url, download: "darkroom.sxcu" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    toast(reason(error), { kind: "bad" });
  }
}

/** The view. */
export async function usage() {
  const page = h("div", { class: "view page" }, h("h1", {}, words.title));
  try {
    const [bars, { upload }] = await Promise.all([
      allows("images:read") ? usageOf() : null,
      limits(),
    ]);
    page.append(
      bars ?? "",
      h(
        "section",
        {},
        h("h2", {}, words.accepted),
        h(
          "dl",
          { class: "facts" },
          h("dt", {}, words.types),
          h("dd", {}, typeNames(upload.content_types)),
          h("dt", {}, words.largest),
          h("dd", {}, bytes(upload.max_bytes)),
          h("dt", {}, words.pixels),
          h("dd", {}, words.megapixels(Math.round(upload.max_pixels / 1e6))),
        ),
        h("p", { class: "hint" }, words.strip[upload.strip_metadata] ?? ""),
      ),
    );
    if (allows("images:write")) {
      page.append(
        h(
          "section",
          {},
          h("h2", {}, words.tools),
          h("p", {}, words.sharex),
          h(
            "p",
            {},
            button({
              icon: "download",
              text: words.sharex_get,
              kind: "outline",
              onclick: () => void sharex(),
            }),
          ),
          h("p", { class: "hint" }, h("a", { href: new URL("docs", base).href }, words.others)),
        ),
      );
    }
  } catch (error) {
    fill(page, h("h1", {}, words.title), blank("alert", text.errors.unexpected, reason(error)));
  }
  return page;
}
