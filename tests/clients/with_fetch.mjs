// Uses fetch as an application would: node with_fetch.mjs URL TOKEN IMAGE

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";

const [base, token, path] = process.argv.slice(2);
const data = await readFile(path);
const size = data.length;
const digest = (encoding) => createHash("sha256").update(data).digest(encoding);

const call = async (status, target, { headers, ...options } = {}) => {
  const authorization = `Bearer ${token}`;
  const response = await fetch(base + target, {
    ...options,
    headers: { authorization, ...headers },
  });
  if (response.status !== status) {
    assert.fail(`${response.status} is not ${status}: ${await response.text()}`);
  }
  return response;
};
const bytes = async (response) => Buffer.from(await response.arrayBuffer());

// A form with a file from the disk, and a body that is generated while it is sent.
const form = new FormData();
const name = 'Grüße "猫" 👨‍👩‍👧.png';
form.append("file", await openAsBlob(path, { type: "image/png" }), name);
form.append("tags", "a, b");
const uploaded = await call(201, "/v1/images", { method: "POST", body: form });
const image = await uploaded.json();
assert.equal(image.filename, name);
assert.deepEqual(image.tags, ["a", "b"]);
assert.equal(image.sha256, digest("hex"));
const body = new ReadableStream({
  start(controller) {
    for (let at = 0; at < size; at += 30_000) controller.enqueue(data.subarray(at, at + 30_000));
    controller.close();
  },
});
const headers = { "content-type": "image/png" };
const streamed = await call(201, "/v1/images", { method: "POST", body, headers, duplex: "half" });
assert.equal((await streamed.json()).sha256, image.sha256);
const { self, content } = image.links;

// A download, read as it arrives.
const whole = await call(200, content);
const hash = createHash("sha256");
for await (const piece of whole.body) hash.update(piece);
assert.equal(`sha-256=:${hash.digest("base64")}:`, whole.headers.get("repr-digest"));
assert.equal(whole.headers.get("content-length"), String(size));
const etag = whole.headers.get("etag");

// Cancelled downloads do no harm.
for (let round = 0; round < 8; round++) {
  const given_up = new AbortController();
  const response = await call(200, content, { signal: given_up.signal });
  const reader = response.body.getReader();
  await reader.read();
  given_up.abort();
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  });
}

// The whole file, in ranges at once.
const starts = Array.from({ length: Math.ceil(size / 100_000) }, (_, at) => at * 100_000);
const parts = await Promise.all(
  starts.map(async (start) => {
    const range = `bytes=${start}-${start + 99_999}`;
    const response = await call(206, content, { headers: { range, "if-range": etag } });
    assert.match(response.headers.get("content-range"), new RegExp(`^bytes ${start}-\\d+/${size}$`));
    return bytes(response);
  }),
);
assert.ok(Buffer.concat(parts).equals(data));

// An image that the client already has is not sent again; an outdated condition is refused.
const unchanged = await call(304, content, { headers: { "if-none-match": etag } });
assert.equal((await bytes(unchanged)).length, 0);
await call(412, content, { headers: { "if-match": '"other"' } });
await call(416, content, { headers: { range: `bytes=${size}-` } });
const head = await call(200, content, { method: "HEAD", headers: { range: "bytes=0-9" } });
assert.equal(head.headers.get("content-length"), String(size));

// A change of the current state, and a change of an outdated state.
const seen = uploaded.headers.get("etag");
const change = (status, tag, tags) =>
  call(status, self, {
    method: "PATCH",
    body: JSON.stringify({ tags }),
    headers: { "content-type": "application/merge-patch+json", "if-match": tag },
  });
const edited = await change(200, seen, ["c"]);
assert.deepEqual((await edited.json()).tags, ["c"]);
await change(412, seen, []);
await call(204, self, { method: "DELETE", headers: { "if-match": edited.headers.get("etag") } });
await call(404, content);
