// Uploads many files with tus-js-client, over a network that breaks: node many_with_tus.mjs TOKEN JOBS
//
// JOBS is a file with a list of {endpoint, path, options}. Prints the path of each file that the
// server has acknowledged, at once, and fails if a file is not.

import { readFile } from "node:fs/promises";
import { Upload } from "tus-js-client";

const AT_ONCE = 8;
// As many as connections break, and patience for a server that starts again.
const retryDelays = Array.from({ length: 400 }, (_, attempt) => (attempt < 20 ? 5 : 50));

const [token, jobs] = process.argv.slice(2);
const queue = JSON.parse(await readFile(jobs, "utf8"));

const uploaded = async ({ endpoint, path, options }) => {
  const file = await readFile(path);
  await new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { filename: path, filetype: "image/png" },
      retryDelays,
      storeFingerprintForResuming: false,
      onSuccess: resolve,
      onError: reject,
      ...options,
    });
    upload.start();
  });
  console.log(path);
};

const work = async () => {
  while (queue.length > 0) await uploaded(queue.shift());
};
await Promise.all(Array.from({ length: AT_ONCE }, work)).catch((error) => {
  // The error itself has megabytes of state.
  console.error(error.stack);
  process.exit(1);
});
// Connections that are kept open would keep the process.
process.exit(0);
