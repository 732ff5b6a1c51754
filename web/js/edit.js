// Changes of images, which never overwrite what others have changed in the meantime.

import { call, Problem } from "./api.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {{ filename?: string | null, tags?: string[], visibility?: string, metadata?: Record<string, string | null> }} Change */

/** An image, and the tag of its state. @param {string} id @param {AbortSignal} [signal] */
export async function load(id, signal) {
  const response = await call("GET", `v1/images/${encodeURIComponent(id)}`, { signal });
  /** @type {Image} */
  const image = await response.json();
  return { image, etag: response.headers.get("etag") ?? "" };
}

/** Changes an image, if it still is as `etag` says. @param {string} id @param {Change} change @param {string} etag */
export async function patch(id, change, etag) {
  const response = await call("PATCH", `v1/images/${id}`, {
    json: change,
    headers: { "If-Match": etag, "Content-Type": "application/merge-patch+json" },
  });
  /** @type {Image} */
  const image = await response.json();
  return { image, etag: response.headers.get("etag") ?? "" };
}

/** Whether the image has changed since it was read. @param {unknown} error */
export const isConflict = (error) => error instanceof Problem && error.status === 412;

/** Changes an image by what it is at that moment. @param {string} id @param {(image: Image) => Change | null} decide */
export async function update(id, decide) {
  for (let attempt = 0; ; attempt++) {
    const { image, etag } = await load(id);
    const change = decide(image);
    if (!change) return image;
    try {
      return (await patch(id, change, etag)).image;
    } catch (error) {
      if (!isConflict(error) || attempt === 4) throw error;
    }
  }
}

/** What has to be sent to make `next` of the metadata `before`. @param {Record<string, string>} before @param {Record<string, string>} next */
export function metadataChange(before, next) {
  /** @type {Record<string, string | null>} */
  const change = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(next, name)) change[name] = null;
  for (const [name, value] of Object.entries(next))
    if (before[name] !== value) change[name] = value;
  return change;
}
