// Uploads in a browser, from a page of another origin: ?ways=WAY,WAY&base=URL&broken=URL&token=TOKEN
//
// Each way uploads /WAY.png. The page shows what became of it, as JSON. `base` is the URL of the
// server, and `broken` leads there over a network that breaks connections.

import { Upload } from "tus-js-client";
import { upload } from "./upload_tus.mjs";
import { uppy } from "./upload_uppy.mjs";

const { ways: chosen, base, broken, token } = Object.fromEntries(new URLSearchParams(location.search));
const headers = { Authorization: `Bearer ${token}` };
const endpoint = `${base}/v1/uploads`;
const user = "alice";
const PIECE = 100_000;

const uploaded = (file, options) =>
  new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint,
      headers,
      metadata: { filename: file.name, filetype: file.type },
      retryDelays: Array(60).fill(10),
      storeFingerprintForResuming: false,
      onError: reject,
      onSuccess: () => resolve(upload.url),
      ...options,
    });
    upload.start();
  });
const draft = { protocol: "ietf-draft-05", endpoint: `${base}/v1/images` };

// What a script of another origin may send, and what it may read.
const REQUEST_HEADERS = {
  "Tus-Resumable": "1.0.0",
  "Upload-Length": "5",
  "Upload-Defer-Length": "1",
  "Upload-Metadata": "filename YQ==",
  "Upload-Offset": "0",
  "Upload-Concat": "partial",
  "Upload-Checksum": "sha1 AAAA",
  "Upload-Complete": "?0",
  "Upload-Draft-Interop-Version": "8",
  "X-HTTP-Method-Override": "PATCH",
  "Content-Type": "application/offset+octet-stream",
  "Content-Digest": "sha-256=:AAAA:",
  "Repr-Digest": "sha-256=:AAAA:",
};
const RESPONSE_HEADERS = [
  "Location",
  "Tus-Resumable",
  "Tus-Version",
  "Tus-Extension",
  "Tus-Max-Size",
  "Tus-Checksum-Algorithm",
  "Upload-Offset",
  "Upload-Length",
  "Upload-Defer-Length",
  "Upload-Metadata",
  "Upload-Concat",
  "Upload-Expires",
  "Upload-Complete",
  "Upload-Limit",
];

const across_origins = async () => {
  const refused = [];
  for (const method of ["POST", "HEAD", "PATCH", "DELETE", "OPTIONS"]) {
    for (const [name, value] of Object.entries(REQUEST_HEADERS)) {
      // An answer of any status shows that the request was sent.
      const request = { method, headers: { ...headers, [name]: value } };
      await fetch(`${endpoint}/none`, request).catch(() => refused.push(`${method} ${name}`));
    }
  }
  const readable = new Set();
  const ask = async (method, url, sent) => {
    const response = await fetch(url, { method, headers: { ...headers, ...sent } });
    for (const name of RESPONSE_HEADERS) if (response.headers.has(name)) readable.add(name);
    return response;
  };
  const tus = { "Tus-Resumable": "1.0.0" };
  await ask("OPTIONS", endpoint, {});
  await ask("OPTIONS", `${base}/v1/images`, { "Upload-Draft-Interop-Version": "8" });
  for (const terms of [
    { "Upload-Length": "5000", "Upload-Metadata": "filename YQ==", "Upload-Concat": "partial" },
    { "Upload-Defer-Length": "1" },
  ]) {
    const begun = await ask("POST", endpoint, { ...tus, ...terms });
    const url = new URL(begun.headers.get("Location"), endpoint);
    await ask("HEAD", url, tus);
    await ask("HEAD", url, { "Upload-Draft-Interop-Version": "8" });
    await ask("OPTIONS", url, {});
    await ask("DELETE", url, tus);
  }
  return { refused, unreadable: RESPONSE_HEADERS.filter((name) => !readable.has(name)) };
};

const ways = {
  recipe: (file) => upload(file, { endpoint, headers, user }),
  uppy: async (file) => {
    const images = [];
    const onImage = (_, image) => images.push(image);
    const application = uppy({ endpoint, headers, onImage });
    application.addFile({ name: file.name, type: file.type, data: file });
    const { failed } = await application.upload();
    return { images, failed: failed.map(({ error }) => error) };
  },
  pieces: (file) => uploaded(file, { chunkSize: PIECE }),
  parallel: (file) => uploaded(file, { parallelUploads: 3 }),
  with_creation: (file) => uploaded(file, { uploadDataDuringCreation: true, chunkSize: PIECE }),
  deferred_length: (file) =>
    uploaded(file.stream().getReader(), {
      metadata: { filename: file.name },
      uploadLengthDeferred: true,
      chunkSize: PIECE,
    }),
  post_instead_of_patch: (file) => uploaded(file, { overridePatchMethod: true }),
  draft_05: (file) => uploaded(file, { ...draft, chunkSize: PIECE }),
  broken: (file) => uploaded(file, { endpoint: `${broken}/v1/uploads`, chunkSize: PIECE }),
  broken_draft: (file) =>
    uploaded(file, { ...draft, endpoint: `${broken}/v1/images`, chunkSize: PIECE }),
  // A tab that is closed after the first piece.
  closed: (file) =>
    new Promise((resolve, reject) => {
      const upload = new Upload(file, {
        endpoint,
        headers,
        metadata: { filename: file.name, filetype: file.type },
        chunkSize: PIECE,
        fingerprint: async () => [user, file.name, file.size, file.lastModified].join(" "),
        onError: reject,
        onChunkComplete: () => upload.abort().then(() => resolve(upload.url)),
      });
      upload.start();
    }),
  // The same page, opened again: the recipe finds the URL.
  opened_again: async (file) => {
    const offsets = [];
    const onProgress = (sent) => offsets.push(sent);
    await upload(file, { endpoint, headers, user, onProgress });
    return { first: offsets[0] };
  },
  across_origins,
};

const image = async (way) => {
  // A tab that is opened again gets the same file, which is known by its name, size and time.
  const name = way === "opened_again" ? "closed" : way;
  const response = await fetch(`/${name}.png`);
  return new File([await response.blob()], `${name}.png`, { type: "image/png", lastModified: 1 });
};
const seen = {};
for (const way of chosen.split(",")) {
  try {
    seen[way] = await ways[way](way === "across_origins" ? null : await image(way));
  } catch (error) {
    seen[way] = { error: `${error}` };
  }
}
document.querySelector("pre").textContent = `SEEN${JSON.stringify(seen)}SEEN`;
