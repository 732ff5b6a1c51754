// The queue of uploads: checked before a byte is sent, a few at a time, again by itself after an
// interruption, and going on after a reload.

import { ask, limits, Problem, reason } from "./api.js";
import { bytes, nameOf, typeNames } from "./format.js";
import * as kept from "./keep.js";
import { allows } from "./session.js";
import { sniff } from "./sniff.js";
import { text } from "./strings.js";
import { upload } from "./transfer.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {"waiting" | "checking" | "sending" | "paused" | "again" | "done" | "duplicate" | "failed" | "lost"} State */
/** @typedef {{ tags: string[], visibility: string }} Terms */

/** How many are sent at once, and the longest pause between attempts, in seconds. */
const WIDTH = 3;
const LONGEST_PAUSE = 60;

const words = text.upload;

export class Item {
  /** @type {State} */
  state = "waiting";
  sent = 0;
  /** Bytes in a second. */
  speed = 0;
  attempts = 0;
  /** When it is tried again. */
  again = 0;
  /** What went wrong, and what to do. */
  title = "";
  detail = "";
  /** Whether trying again may help. */
  mayRetry = true;
  /** @type {Image | null} */
  image = null;
  /** The same picture, which was there before. @type {Image | null} */
  twin = null;
  /** @type {string | null} */
  url = null;
  stop = new AbortController();
  timer = 0;
  /** Gives it back to other tabs. */
  release = () => {};

  /** @param {{ key: string, file: File | null, name: string, size: number, modified: number }} about @param {Terms} terms */
  constructor({ key, file, name, size, modified }, { tags, visibility }) {
    this.key = key;
    this.file = file;
    this.name = name;
    this.size = size;
    this.modified = modified;
    this.tags = tags;
    this.visibility = visibility;
  }

  get isOver() {
    return this.state === "done" || this.state === "duplicate";
  }

  /** @param {{ name: string, size: number, lastModified: number }} file */
  is({ name, size, lastModified }) {
    return this.name === name && this.size === size && this.modified === lastModified;
  }
}

/** Events: `list` (items came or went), `item` (the detail is the item that changed), `image`. */
export class Queue extends EventTarget {
  /** @type {Item[]} */
  items = [];
  /** What new files get. @type {Terms} */
  terms = { tags: [], visibility: "private" };
  #active = 0;
  /** What is kept, and when that was asked. @type {Promise<import("../types").Usage> | null} */
  #usage = null;
  #asked = 0;
  #scope;
  #ticket;
  #limits;

  /**
   * @param {{ scope: string, ticket?: string | null, limits?: () => Promise<import("../types").Limits>, most?: () => number }} options
   * whose uploads they are; with a ticket, a guest's
   */
  constructor({ scope, ticket = null, limits: known = limits, most = () => Infinity }) {
    super();
    this.#scope = scope;
    this.#ticket = ticket;
    this.#limits = known;
    this.most = most;
    addEventListener("online", () =>
      this.items.forEach((item) => item.state === "again" && this.#start(item)),
    );
  }

  /** Goes on with what an earlier page has left. */
  async restore() {
    const left = await kept.left(this.#scope);
    for (const { key, name, size, modified, file, url, tags, visibility } of left) {
      if (this.items.some((item) => item.key === key)) continue;
      const release = await kept.claim(key);
      if (!release) continue;
      const whole = file
        ? new File([file], name, { type: file.type, lastModified: modified })
        : null;
      const item = new Item({ key, file: whole, name, size, modified }, { tags, visibility });
      item.url = url;
      item.release = release;
      if (!whole) this.#lose(item);
      this.items.push(item);
    }
    if (left.length > 0) this.#changed();
    this.#pump();
  }

  /** @param {Item} item */
  #lose(item) {
    item.state = "lost";
    item.detail = words.needs_file;
  }

  /** @param {File[]} files */
  add(files) {
    for (const file of files) {
      const lost = this.items.find((item) => item.state === "lost" && item.is(file));
      if (lost) {
        lost.file = file;
        lost.state = "waiting";
        this.#tell(lost);
        continue;
      }
      const isTwice = this.items.some((item) => item.state !== "failed" && item.is(file));
      const about = {
        key: crypto.randomUUID?.() ?? random(),
        file,
        name: file.name || "image",
        size: file.size,
        modified: file.lastModified,
      };
      const item = new Item(about, this.terms);
      const open = this.items.filter(({ isOver, state }) => !isOver && state !== "failed").length;
      if (isTwice) this.#fail(item, words.twice, "", false);
      else if (open >= this.most())
        this.#fail(item, text.drop.too_many(Math.max(0, this.most())), "", false);
      this.items.push(item);
      if (item.state === "waiting") void this.#keep(item);
    }
    this.#changed();
    this.#pump();
  }

  /** @param {Item} item */
  async #keep(item) {
    const { key, file, name, size, modified, url, tags, visibility } = item;
    item.release = (await kept.claim(key)) ?? item.release;
    await kept.keep({ key, scope: this.#scope, name, size, modified, file, url, tags, visibility });
  }

  /** @param {Item} item */
  #drop(item) {
    item.release();
    return kept.drop(item.key, item.size);
  }

  #changed() {
    this.dispatchEvent(new Event("list"));
  }

  /** @param {Item} item */
  #tell(item) {
    this.dispatchEvent(new CustomEvent("item", { detail: item }));
  }

  #pump() {
    for (const item of this.items) {
      if (this.#active >= WIDTH) return;
      if (item.state === "waiting") this.#start(item);
    }
  }

  /** @param {Item} item */
  #start(item) {
    clearTimeout(item.timer);
    item.state = "checking";
    item.stop = new AbortController();
    this.#active++;
    this.#tell(item);
    void this.#run(item).finally(() => {
      this.#active--;
      this.#pump();
    });
  }

  /** @param {Item} item */
  async #run(item) {
    const { stop } = item;
    try {
      const refusal = await this.#refusal(item);
      if (stop.signal.aborted) return;
      if (refusal) {
        this.#fail(item, refusal, "", false);
        return;
      }
      await this.#send(item);
    } catch (error) {
      if (stop.signal.aborted) return;
      this.#failed(item, error);
    }
  }

  /** Why a file cannot be accepted, before a byte of it is sent. @param {Item} item */
  async #refusal({ file, size }) {
    const { upload } = await this.#limits();
    if (!file) return words.unreadable;
    if (size === 0) return words.empty;
    let type;
    try {
      type = (await sniff(file)) ?? file.type;
    } catch {
      return words.unreadable;
    }
    if (!upload.content_types.includes(type))
      return words.wrong_type(typeNames(upload.content_types));
    if (size > upload.max_bytes) return words.too_large(bytes(size), bytes(upload.max_bytes));
    return this.#overQuota(size);
  }

  /** @param {number} size */
  async #overQuota(size) {
    if (this.#ticket || !allows("images:read")) return null;
    if (Date.now() - this.#asked > 10_000) {
      this.#asked = Date.now();
      this.#usage = ask("GET", "v1/usage");
    }
    // Whether it is so is decided by the server.
    const usage = await this.#usage?.catch(() => null);
    if (!usage) return null;
    const { quota } = usage;
    if (quota.images !== null && usage.images >= quota.images) return words.quota_images;
    const left = quota.bytes === null ? Infinity : quota.bytes - usage.bytes;
    return size > left ? words.quota(bytes(Math.max(0, left))) : null;
  }

  /** @param {Item} item */
  async #send(item) {
    const { file, key, tags, visibility, stop } = item;
    if (!file) return;
    item.state = "sending";
    this.#tell(item);
    let last = { time: performance.now(), sent: item.sent };
    const { path, image } = await upload({
      file,
      key,
      tags,
      visibility,
      ticket: this.#ticket,
      url: item.url,
      signal: stop.signal,
      begun: (url) => {
        item.url = url;
        void kept.keepUrl(key, url);
      },
      progress: (sent) => {
        const now = performance.now();
        if (sent < last.sent) last = { time: now, sent };
        if (now - last.time > 400) {
          const speed = ((sent - last.sent) / (now - last.time)) * 1000;
          item.speed = item.speed ? item.speed * 0.7 + speed * 0.3 : speed;
          last = { time: now, sent };
        }
        if (sent > item.sent) item.attempts = 0;
        item.sent = sent;
        this.#tell(item);
      },
    });
    item.image =
      image ??
      (path && !this.#ticket && allows("images:read")
        ? await ask("GET", path.slice(path.indexOf("v1/")))
        : null);
    item.sent = item.size;
    await this.#drop(item);
    item.state = "done";
    item.file = null;
    this.dispatchEvent(new CustomEvent("image", { detail: item }));
    this.#tell(item);
    await this.#compare(item).catch(() => {});
  }

  /** Looks for the same picture, which was there before. @param {Item} item */
  async #compare(item) {
    const { image } = item;
    if (!image || !allows("images:read") || this.#ticket) return;
    const query = new URLSearchParams({
      min_size: String(image.size),
      max_size: String(image.size),
      content_type: image.content_type,
      sort: "created_at",
      limit: "200",
    });
    /** @type {import("../types").Page<Image>} */
    const { items } = await ask("GET", `v1/images?${query}`);
    const twin = items.find(
      ({ id, sha256, owner, created_at }) =>
        id !== image.id &&
        sha256 === image.sha256 &&
        owner === image.owner &&
        created_at <= image.created_at,
    );
    if (!twin) return;
    item.twin = twin;
    item.state = "duplicate";
    item.detail = nameOf(twin) === item.name ? "" : words.duplicate_text(nameOf(twin));
    this.#tell(item);
  }

  /** @param {Item} item @param {unknown} error */
  #failed(item, error) {
    const problem = error instanceof Problem ? error : null;
    item.speed = 0;
    if (!problem?.isTemporary) {
      const advice = problem ? (words.advice[problem.slug] ?? "") : "";
      this.#fail(
        item,
        problem?.title ?? text.errors.unexpected,
        [reason(error), advice].filter(Boolean).join(" "),
        true,
      );
      return;
    }
    const pause = Math.max(
      problem.wait ?? 0,
      Math.min(LONGEST_PAUSE, 2 ** item.attempts) * (0.75 + Math.random() / 2),
    );
    item.attempts++;
    item.state = "again";
    item.again = Date.now() + pause * 1000;
    item.timer = window.setTimeout(() => this.#resumeWhenFree(item), pause * 1000);
    this.#tell(item);
  }

  /** @param {Item} item */
  #resumeWhenFree(item) {
    if (item.state !== "again") return;
    item.state = "waiting";
    this.#tell(item);
    this.#pump();
  }

  /** @param {Item} item @param {string} title @param {string} detail @param {boolean} mayRetry */
  #fail(item, title, detail, mayRetry) {
    item.state = "failed";
    item.title = title;
    item.detail = detail;
    item.mayRetry = mayRetry;
    void this.#drop(item);
    this.#tell(item);
  }

  /** @param {Item} item */
  pause(item) {
    if (!["waiting", "checking", "sending", "again"].includes(item.state)) return;
    clearTimeout(item.timer);
    item.state = "paused";
    item.stop.abort();
    this.#tell(item);
  }

  /** @param {Item} item */
  resume(item) {
    if (!["paused", "failed", "again"].includes(item.state) || !item.file) return;
    clearTimeout(item.timer);
    if (item.state === "failed") void this.#keep(item);
    item.attempts = 0;
    item.state = "waiting";
    this.#tell(item);
    this.#pump();
  }

  /** @param {Item} item */
  remove(item) {
    this.pause(item);
    this.items = this.items.filter((other) => other !== item);
    void this.#drop(item);
    this.#changed();
  }

  /** Removes what is over. */
  clear() {
    for (const item of this.items) if (item.state === "failed") void this.#drop(item);
    this.items = this.items.filter(({ isOver, state }) => !isOver && state !== "failed");
    this.#changed();
  }

  get counts() {
    const count = (/** @type {(item: Item) => boolean} */ is) => this.items.filter(is).length;
    return {
      all: this.items.length,
      done: count((item) => item.isOver),
      failed: count(({ state }) => state === "failed" || state === "lost"),
      paused: count(({ state }) => state === "paused"),
      running: count(({ state }) => ["waiting", "checking", "sending", "again"].includes(state)),
      sent: this.items.reduce((sum, { sent, state }) => sum + (state === "failed" ? 0 : sent), 0),
      bytes: this.items.reduce((sum, { size, state }) => sum + (state === "failed" ? 0 : size), 0),
    };
  }
}

/** Without a secure context, `randomUUID` is missing. */
function random() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
