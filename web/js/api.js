// Calls of the API.

import { renewed, session } from "./session.js";
import { text } from "./strings.js";

/** The address of the server, which may be below a path: the page is directly in it. */
export const base = new URL(".", location.href);

/** An error of the API, as `application/problem+json` describes it, or a lost connection. */
export class Problem extends Error {
  /** @param {number} status 0 if there was no answer @param {import("../types").ProblemBody} body */
  constructor(status, body) {
    super(body.detail ?? body.title ?? text.errors.unexpected);
    this.status = status;
    this.body = body;
    this.title = body.title ?? text.errors.unexpected;
    this.slug =
      String(body.type ?? "")
        .split("/")
        .pop() ?? "";
    /** @type {number | null} seconds to wait */
    this.wait = null;
  }

  /** Whether the same request may succeed later. */
  get isTemporary() {
    return (
      this.status === 0 ||
      this.status === 408 ||
      this.status === 429 ||
      (this.status >= 500 && this.status !== 501 && this.status !== 507) ||
      // Somebody else is sending the same, or an earlier request was: the offset is asked for again.
      this.slug === "idempotency-key-held" ||
      this.slug === "mismatching-upload-offset"
    );
  }
}

/** No answer. */
export const unreachable = () =>
  new Problem(0, { title: text.errors.unreachable, detail: text.errors.unreachable_text });

/** What to tell people of an error. @param {unknown} error */
export const reason = (error) => (error instanceof Error ? error.message : String(error));

/**
 * @typedef {object} Options
 * @property {unknown} [json] sent as the body
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {boolean} [anonymous] without the token
 * @property {boolean} [keepalive]
 */

/** The problem that an answer has. @param {number} status @param {string} body @param {(name: string) => string | null} header */
export function problemOf(status, body, header) {
  /** @type {import("../types").ProblemBody} */
  let parsed = {};
  try {
    parsed = JSON.parse(body);
  } catch {
    // A proxy answers with what it likes.
  }
  const problem = new Problem(status, parsed);
  const wait = Number(header("retry-after"));
  if (wait > 0) problem.wait = wait;
  return problem;
}

/**
 * Sends a request. If the token is refused, it is sent again with the next one.
 * @param {string} method
 * @param {string} path relative to the address of the server
 * @param {Options} [options]
 * @returns {Promise<Response>}
 */
export async function call(method, path, options = {}) {
  const token = options.anonymous ? null : session()?.token;
  const headers = new Headers(options.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (options.json !== undefined)
    headers.set("Content-Type", headers.get("Content-Type") ?? "application/json");
  const response = await fetch(new URL(path, base), {
    method,
    headers,
    body: options.json === undefined ? undefined : JSON.stringify(options.json),
    signal: options.signal,
    keepalive: options.keepalive,
    credentials: "omit",
  }).catch((error) => {
    if (options.signal?.aborted) throw error;
    throw unreachable();
  });
  if (response.ok) return response;
  const problem = problemOf(response.status, await response.text(), (name) =>
    response.headers.get(name),
  );
  if (response.status === 401 && token) {
    await renewed(token);
    return call(method, path, options);
  }
  throw problem;
}

/**
 * The JSON of an answer.
 * @template T
 * @param {string} method @param {string} path @param {Options} [options]
 * @returns {Promise<T>}
 */
export const ask = async (method, path, options) => (await call(method, path, options)).json();

/** @type {Promise<import("../types").Limits> | null} */
let known = null;

/** What the deployment accepts. It is asked once. @returns {Promise<import("../types").Limits>} */
export function limits() {
  known ??= /** @type {Promise<import("../types").Limits>} */ (
    ask("GET", "v1/limits", { anonymous: true })
  );
  known.catch(() => (known = null));
  return known;
}

/** The URL for this page of one that the API has returned, which may begin with another origin. @param {string} url */
export function local(url) {
  const at = url.indexOf("/v1/");
  return new URL(at < 0 ? url : url.slice(at + 1), base).href;
}

/** The URL to give to others. @param {string} url */
export const absolute = (url) =>
  url.startsWith("/") ? new URL(url.slice(1), base).href : new URL(url, base).href;

/** Runs tasks, a few at a time. @template T @param {T[]} items @param {number} width @param {(item: T) => Promise<void>} task */
export async function each(items, width, task) {
  const queue = [...items];
  const run = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, queue.length) }, run));
}
