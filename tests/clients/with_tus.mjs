// Uploads with tus-js-client as an application would:
//   node with_tus.mjs WAY URL TOKEN IMAGE [MORE]
// Prints what the client saw of the upload, as JSON.

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { FileUrlStorage, Upload } from "tus-js-client";

const [way, base, token, path, ...more] = process.argv.slice(2);
const file = await readFile(path);
const endpoint = `${base}/v1/uploads`;
const headers = { Authorization: `Bearer ${token}` };
const metadata = { filename: `${way}.png`, filetype: "image/png" };
const PIECE = 100_000;

// What a client sends, and the answers that it gets.
const calls = [];
const noted = (request, response) => {
  const sent = (name) => request.getHeader(name);
  calls.push({
    method: request.getMethod(),
    url: request.getURL(),
    status: response.getStatus(),
    from: sent("Upload-Offset"),
    to: response.getHeader("Upload-Offset"),
  });
};

const begin = (source, options) => {
  let upload;
  const done = new Promise((resolve, reject) => {
    upload = new Upload(source, {
      endpoint,
      headers,
      metadata,
      retryDelays: [0, 10, 100, 1000],
      storeFingerprintForResuming: false,
      onAfterResponse: noted,
      onSuccess: ({ lastResponse }) => resolve({ url: upload.url, lastResponse }),
      onError: reject,
      ...options,
    });
  });
  upload.start();
  return { upload, done };
};
const uploaded = (options, source = file) => begin(source, options).done;

// Stops once the server has some of the file, as if the program had ended.
const stopped = (options) =>
  new Promise((resolve, reject) => {
    const { upload, done } = begin(file, {
      chunkSize: PIECE,
      ...options,
      onChunkComplete: () => upload.abort().then(() => resolve(upload)),
    });
    done.catch(reject);
  });

// The next start of the program, with the URLs that the last one has stored.
const continued = async (options) => {
  const upload = new Upload(file, options);
  const [previous, ...others] = await upload.findPreviousUploads();
  assert.equal(others.length, 0);
  return previous;
};

const ways = {
  whole: () => uploaded({}),
  pieces: () => uploaded({ chunkSize: PIECE }),
  data_with_creation: () => uploaded({ uploadDataDuringCreation: true }),
  pieces_with_creation: () => uploaded({ uploadDataDuringCreation: true, chunkSize: PIECE }),
  // A stream, whose length nobody knows before its end.
  deferred_length: () =>
    uploaded({ uploadLengthDeferred: true, chunkSize: PIECE }, createReadStream(path).pipe(new PassThrough())),
  parallel: () => uploaded({ parallelUploads: 4, chunkSize: PIECE }),
  post_instead_of_patch: () => uploaded({ overridePatchMethod: true, chunkSize: PIECE }),
  draft_05: () => uploaded({ protocol: "ietf-draft-05", endpoint: `${base}/v1/images` }),
  draft_05_pieces: () =>
    uploaded({ protocol: "ietf-draft-05", endpoint: `${base}/v1/images`, chunkSize: PIECE }),
  draft_05_with_creation: () =>
    uploaded({
      protocol: "ietf-draft-05",
      endpoint: `${base}/v1/images`,
      uploadDataDuringCreation: true,
    }),
  draft_03: () => uploaded({ protocol: "ietf-draft-03", endpoint: `${base}/v1/images` }),

  // Uploads with everything that an image may have besides its bytes.
  described: () =>
    uploaded({
      metadata: {
        filename: "Zoë’s 猫.png",
        filetype: "image/png",
        tags: "pets, cats",
        visibility: "public",
        metadata: JSON.stringify({ camera: "X100" }),
      },
    }),

  // Stops, and goes on in another process: with the URL that was stored in a file.
  stored_url: async () => {
    const [phase, folder] = more;
    const urlStorage = new FileUrlStorage(`${folder}/urls.json`);
    const options = { urlStorage, storeFingerprintForResuming: true, removeFingerprintOnSuccess: true };
    // A file on the disk is recognised; bytes in memory are not.
    const fingerprint = async () => `the file ${path}`;
    if (phase === "begin") {
      const { url } = await stopped({ ...options, fingerprint });
      return { url };
    }
    const previous = await continued({ ...options, fingerprint, endpoint });
    const result = new Promise((resolve, reject) => {
      const upload = new Upload(file, {
        ...options,
        fingerprint,
        endpoint,
        // Nothing but the URL is needed any more.
        headers: {},
        chunkSize: PIECE,
        retryDelays: null,
        onAfterResponse: noted,
        onSuccess: () => resolve({ url: upload.url }),
        onError: reject,
      });
      upload.resumeFromPreviousUpload(previous);
      upload.start();
    });
    return { previous: previous.uploadUrl, ...(await result) };
  },

  // Goes on with an upload that the server does not know (any more).
  gone: async () => {
    const { upload } = begin(file, { chunkSize: PIECE });
    const url = await new Promise((resolve) => {
      upload.options.onUploadUrlAvailable = () => resolve(upload.url);
    });
    await upload.abort(true);
    const { url: other } = await uploaded({ uploadUrl: url });
    return { url: other, gone: url };
  },

  // Gives up, and takes back what was sent.
  terminated: async () => {
    const upload = await stopped({});
    await upload.abort(true);
    return { url: upload.url };
  },

  // Must be told that the server refuses the file, and must never be told that it has it.
  refused: async () => {
    const failed = async (options) => {
      const sent = [];
      const onProgress = (bytes) => sent.push(bytes);
      const error = await uploaded({ ...options, onProgress }).then(
        () => assert.fail("the upload succeeded"),
        (error) => error,
      );
      const response = error.originalResponse;
      assert.ok(response, `${error}`);
      return { status: response.getStatus(), problem: JSON.parse(response.getBody()) };
    };
    const refusals = [];
    for (const options of [
      {},
      { chunkSize: PIECE },
      { uploadDataDuringCreation: true },
      { parallelUploads: 2 },
      { protocol: "ietf-draft-05", endpoint: `${base}/v1/images` },
    ]) {
      refusals.push(await failed(options));
    }
    return { refusals };
  },
};

const { lastResponse, ...result } = await ways[way]().catch((error) => {
  // The error itself has megabytes of state.
  console.error(error.stack);
  process.exit(1);
});
const last = lastResponse && {
  status: lastResponse.getStatus(),
  location: lastResponse.getHeader("Location"),
  content_location: lastResponse.getHeader("Content-Location"),
  body: lastResponse.getBody(),
};
console.log(JSON.stringify({ ...result, last, calls }));
// Connections that are kept open would keep the process.
process.exit(0);
