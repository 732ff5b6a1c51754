// Where pictures come from. `<img>` sends no token, so it gets signed URLs, which are asked for
// many at a time and kept until they expire.

import { ask, limits, local } from "./api.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {{ src: string, srcset: string, expires: number }} Source */

/** The most images of one request, and how long requests are collected, in milliseconds. */
const BATCH = 100;
const COLLECT = 20;

/** @type {Map<string, Source>} */
const known = new Map();
/** @type {Map<string, { image: Image, step: number, resolve: (source: Source) => void, reject: (error: unknown) => void }[]>} */
let wanted = new Map();
/** @type {ReturnType<typeof setTimeout> | null} */
let timer = null;

/**
 * The lifetime of new URLs. They end at full hours, so that the same picture has the same URL for
 * an hour, also in a page that is opened again, and the browser finds it in its cache.
 * @param {number} longest
 */
function lifetime(longest) {
  const now = Math.floor(Date.now() / 1000);
  const end = Math.ceil((now + 1800) / 3600) * 3600;
  return Math.max(1, Math.min(longest, end - now));
}

/** The steps of the ladder, as a template of RFC 6570 has them. @param {string} template @param {number[]} steps @param {number} width */
function expanded(template, steps, width) {
  const fitting = steps.filter((step) => step <= width);
  const next = steps.find((step) => step > width);
  const all = next ? [...fitting, next] : fitting;
  return all.map((step) => `${local(template.replace("{w}", String(step)))} ${step}w`).join(", ");
}

/**
 * The URLs of a picture that is shown with this width, in CSS pixels.
 * @param {Image} image
 * @param {number} width
 * @returns {Promise<Source>}
 */
export async function source(image, width) {
  const { derived } = await limits();
  const template = image.links.srcset;
  if (template && derived.enabled) {
    const srcset = expanded(template, derived.width_ladder, image.width);
    return { src: local(image.links.content), srcset, expires: Infinity };
  }
  const pixels = Math.min(width * Math.min(devicePixelRatio, 3), image.width);
  const step = derived.width_ladder.find((step) => step >= pixels) ?? 0;
  const kept = known.get(`${image.id} ${step}`);
  if (kept && kept.expires - Date.now() > 60_000) return kept;
  return new Promise((resolve, reject) => {
    const list = wanted.get(image.id) ?? [];
    list.push({ image, step, resolve, reject });
    wanted.set(image.id, list);
    timer ??= setTimeout(flush, COLLECT);
  });
}

function flush() {
  const all = [...wanted.values()];
  wanted = new Map();
  timer = null;
  for (let from = 0; from < all.length; from += BATCH) {
    const batch = all.slice(from, from + BATCH);
    request(batch).catch((error) => batch.flat().forEach(({ reject }) => reject(error)));
  }
}

/** @typedef {{ items: { id: string, link: import("../types").Link | null }[] }} Links */

/** What is asked for: a width of the ladder, or the original. @param {number[]} steps */
async function terms(steps) {
  const { derived, links } = await limits();
  const terms = { expires_in: lifetime(links.max_seconds) };
  if (!derived.enabled) return { terms, isDerived: false };
  if (derived.policy === "presets") {
    const preset = presetFor(derived.presets, Math.max(...steps));
    return preset ? { terms: { ...terms, preset }, isDerived: true } : { terms, isDerived: false };
  }
  const widths = steps.filter((step) => step > 0);
  if (widths.length === 0) return { terms, isDerived: false };
  const transform = { w: widths[widths.length - 1], format: "auto" };
  return { terms: { ...terms, transform, widths }, isDerived: true };
}

/** The smallest preset that is at least this wide and shows the whole picture. @param {Record<string, string>} presets @param {number} width */
function presetFor(presets, width) {
  const whole = Object.entries(presets).flatMap(([name, query]) => {
    const values = new URLSearchParams(query);
    const cuts =
      ["cover", "crop", "squeeze", "pad"].includes(values.get("fit") ?? "") ||
      values.has("crop") ||
      values.has("rotate");
    return cuts ? [] : [{ name, width: Number(values.get("w") ?? values.get("h") ?? 0) }];
  });
  whole.sort((a, b) => a.width - b.width);
  return (whole.find((preset) => preset.width >= width) ?? whole.at(-1))?.name;
}

/** @param {{ image: Image, step: number, resolve: (source: Source) => void, reject: (error: unknown) => void }[][]} batch */
async function request(batch) {
  const steps = [...new Set(batch.flat().map(({ step }) => step))].sort((a, b) => a - b);
  const { terms: asked, isDerived } = await terms(steps);
  const found = await linked(
    batch.map(([first]) => first?.image.id ?? ""),
    asked,
  );
  const missing = batch.filter(([first]) => first && !found.has(first.image.id));
  // What cannot be derived is shown as it is.
  const originals =
    isDerived && missing.length > 0
      ? await linked(
          missing.map(([first]) => first?.image.id ?? ""),
          { expires_in: asked.expires_in },
        )
      : new Map();
  for (const { image, step, resolve, reject } of batch.flat()) {
    const link = found.get(image.id) ?? originals.get(image.id);
    if (!link) {
      reject(new Error("no link"));
      continue;
    }
    const srcset = (link.srcset ?? "").split(", ").filter(Boolean).map(local2).join(", ");
    const source = { src: local(link.url), srcset, expires: Date.parse(link.expires_at) };
    known.set(`${image.id} ${step}`, source);
    resolve(source);
  }
  if (known.size > 5000) for (const key of [...known.keys()].slice(0, 1000)) known.delete(key);
}

/** @param {string} step of a `srcset`: a URL and a width */
function local2(step) {
  const [url = "", width = ""] = step.split(" ");
  return `${local(url)} ${width}`;
}

/** @param {string[]} ids @param {object} terms @returns {Promise<Map<string, import("../types").Link>>} */
async function linked(ids, terms) {
  const { items } = /** @type {Links} */ (
    await ask("POST", "v1/links", { json: { ...terms, ids } })
  );
  return new Map(items.flatMap(({ id, link }) => (link ? [[id, link]] : [])));
}

/** A picture of the image that was shown before, to show while a larger one is loaded. @param {string} id */
export function shownBefore(id) {
  for (const [key, { srcset, src, expires }] of known) {
    if (key.startsWith(`${id} `) && expires > Date.now()) return srcset.split(" ")[0] || src;
  }
  return null;
}

/** Forgets the URLs of an image, after its links were revoked. @param {string} id */
export function forget(id) {
  for (const key of known.keys()) if (key.startsWith(id)) known.delete(key);
}

// Few pictures are loaded at once, so that those that are scrolled past do not delay the others.
const MOST = 8;
let loading = 0;
/** @type {{ image: Image, element: HTMLImageElement, width: number, signal: AbortSignal, failed: () => void }[]} */
const queue = [];

/**
 * Loads a picture into its element. `failed` is called if it cannot be shown.
 * @param {Image} image @param {HTMLImageElement} element @param {number} width
 * @param {AbortSignal} signal @param {() => void} failed
 */
export function show(image, element, width, signal, failed) {
  queue.push({ image, element, width, signal, failed });
  queueMicrotask(pump);
}

function pump() {
  while (loading < MOST) {
    const next = queue.shift();
    if (!next) return;
    if (next.signal.aborted) continue;
    loading++;
    load(next)
      .catch(() => next.signal.aborted || next.failed())
      .finally(() => {
        loading--;
        pump();
      });
  }
}

/** @param {{ image: Image, element: HTMLImageElement, width: number, signal: AbortSignal }} job */
async function load({ image, element, width, signal }) {
  for (let attempt = 0; ; attempt++) {
    try {
      const { src, srcset } = await source(image, width);
      if (signal.aborted) return;
      await fetched(element, src, srcset, width, signal);
      return;
    } catch (error) {
      if (attempt === 3 || signal.aborted) throw error;
      forget(image.id);
      // Too many may be derived at the moment.
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt + Math.random() * 300));
      if (signal.aborted) return;
    }
  }
}

/** @param {HTMLImageElement} element @param {string} src @param {string} srcset @param {number} width @param {AbortSignal} signal @returns {Promise<void>} */
function fetched(element, src, srcset, width, signal) {
  return new Promise((resolve, reject) => {
    element.onload = () => resolve();
    element.onerror = () => reject(new Error("not loaded"));
    signal.addEventListener("abort", () => {
      element.removeAttribute("srcset");
      element.removeAttribute("src");
      resolve();
    });
    element.sizes = `${Math.ceil(width)}px`;
    element.srcset = srcset;
    element.src = src;
  });
}
