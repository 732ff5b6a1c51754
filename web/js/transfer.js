// One upload: in a single request, or resumable (tus 1.0.0) where the file is large and the server
// knows how.

import { base, problemOf, unreachable } from "./api.js";
import { renewed, session } from "./session.js";

/** Files from this size on are resumable, and are sent in pieces of that size, in bytes. */
const RESUMABLE = 4e6;
const PIECE = 8 * 1024 * 1024;
/** How long nothing may arrive before a connection counts as broken, in milliseconds. */
const STALLED = 45_000;
const TUS = { "Tus-Resumable": "1.0.0" };

/**
 * @typedef {object} Job
 * @property {File} file
 * @property {string} key sent as the `Idempotency-Key`, so that a lost answer does no harm
 * @property {string | null} ticket
 * @property {string[]} tags
 * @property {string} visibility
 * @property {string | null} url of the resumable upload, if it has begun
 * @property {(url: string | null) => void} begun
 * @property {(sent: number) => void} progress
 * @property {AbortSignal} signal
 */
/** @typedef {{ status: number, body: string, header: (name: string) => string | null }} Answer */

/**
 * Sends a request, and tells how much of it has been sent.
 * @param {string} method @param {URL} url @param {Record<string, string>} headers
 * @param {XMLHttpRequestBodyInit | null} body @param {Pick<Job, "signal" | "ticket">} job @param {(sent: number) => void} [progress]
 * @returns {Promise<Answer>}
 */
async function send(method, url, headers, body, job, progress = () => {}) {
  const token = job.ticket ? null : session()?.token;
  const answer = await new Promise((/** @type {(answer: Answer) => void} */ resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (token) request.setRequestHeader("Authorization", `Bearer ${token}`);
    let timer = 0;
    const alive = () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => request.abort(), STALLED);
    };
    request.upload.onprogress = (event) => {
      alive();
      progress(event.loaded);
    };
    request.onload = () =>
      resolve({
        status: request.status,
        body: request.responseText,
        header: (name) => request.getResponseHeader(name),
      });
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(job.signal.aborted ? job.signal.reason : unreachable());
    request.onloadend = () => clearTimeout(timer);
    job.signal.addEventListener("abort", () => request.abort(), { once: true });
    if (job.signal.aborted) return reject(job.signal.reason);
    alive();
    request.send(body);
  });
  if (answer.status === 401 && token) {
    await renewed(token);
    return send(method, url, headers, body, job, progress);
  }
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw problemOf(answer.status, answer.body, answer.header);
}

/** @param {string} path @param {Job} job @param {Record<string, string>} [query] */
function endpoint(path, job, query = {}) {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  if (job.ticket) url.searchParams.set("ticket", job.ticket);
  return url;
}

/** @type {Promise<boolean> | null} */
let resumes = null;

/** Whether the server has resumable uploads. It is asked once. */
function isResumable() {
  resumes ??= fetch(new URL("v1/uploads", base), { method: "OPTIONS" }).then(
    (answer) => answer.ok && (answer.headers.get("tus-version") ?? "").includes("1.0.0"),
    () => {
      resumes = null;
      return false;
    },
  );
  return resumes;
}

/** Uploads a file. Resolves to the path of the image, and the image if the answer had it. @param {Job} job */
export async function upload(job) {
  if (job.url || (job.file.size >= RESUMABLE && (await isResumable()))) return inPieces(job);
  const headers = { "Idempotency-Key": `"${job.key}"`, Accept: "application/json" };
  const { file, tags, visibility } = job;
  let answer;
  if (job.ticket || (tags.length === 0 && visibility === "private")) {
    const type = file.type.startsWith("image/") ? file.type : "application/octet-stream";
    const url = endpoint("v1/images", job, file.name ? { filename: file.name } : {});
    answer = await send("POST", url, { ...headers, "Content-Type": type }, file, job, job.progress);
  } else {
    const form = new FormData();
    if (tags.length > 0) form.append("tags", tags.join(","));
    form.append("visibility", visibility);
    form.append("file", file);
    answer = await send("POST", endpoint("v1/images", job), headers, form, job, (sent) =>
      job.progress(Math.min(sent, file.size)),
    );
  }
  /** @type {import("../types").Image} */
  const image = JSON.parse(answer.body);
  return { path: image.links.self, image };
}

/** @param {string} value */
const encoded = (value) => btoa(String.fromCharCode(...new TextEncoder().encode(value)));

/** Begins a resumable upload. @param {Job} job */
async function begin(job) {
  const { file, tags, visibility } = job;
  /** @type {Record<string, string>} */
  const about = { filename: file.name };
  if (file.type.startsWith("image/")) about.filetype = file.type;
  if (!job.ticket) {
    about.visibility = visibility;
    if (tags.length > 0) about.tags = JSON.stringify(tags);
  }
  const metadata = Object.entries(about)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name} ${encoded(value)}`)
    .join(",");
  const headers = {
    ...TUS,
    "Upload-Length": String(file.size),
    "Upload-Metadata": metadata,
    "Idempotency-Key": `"${job.key}"`,
  };
  const answer = await send("POST", endpoint("v1/uploads", job), headers, null, job);
  const location = answer.header("location") ?? "";
  return location.slice(location.indexOf("v1/uploads"));
}

/** @param {Job} job */
async function inPieces(job) {
  let url = job.url;
  let offset = 0;
  if (url) {
    try {
      const answer = await send("HEAD", new URL(url, base), TUS, null, job);
      const image = answer.header("content-location");
      if (image) return { path: image, image: null };
      offset = Number(answer.header("upload-offset"));
    } catch (error) {
      const status = error instanceof Error && "status" in error ? error.status : 0;
      if (status !== 404 && status !== 410) throw error;
      // It has expired: begin again.
      job.begun(null);
      url = null;
    }
  }
  if (!url) {
    url = await begin(job);
    job.begun(url);
  }
  for (;;) {
    job.progress(offset);
    const from = offset;
    const piece = job.file.slice(from, from + PIECE);
    const headers = {
      ...TUS,
      "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(from),
    };
    const answer = await send("PATCH", new URL(url, base), headers, piece, job, (sent) =>
      job.progress(from + sent),
    );
    offset = Number(answer.header("upload-offset") ?? from + piece.size);
    const image = answer.header("content-location");
    if (image || offset >= job.file.size) return { path: image, image: null };
  }
}
