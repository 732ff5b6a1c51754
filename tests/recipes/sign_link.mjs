// A signed URL: DARKROOM_KEY=kid:secret node sign_link.mjs PATH SECONDS [NAME=VALUE…]

import { createHmac } from "node:crypto";

const hmac = (key, message) => createHmac("sha256", key).update(message).digest();

/** Percent-encodes all but the unreserved characters of RFC 3986. */
const encode = (text) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase(),
  );

/** Path and query of a link. `key` is an entry of signing_keys, `parameters` an
 * object of further query parameters. */
function signLink(key, path, seconds, parameters = {}, method = "GET", epoch = 0) {
  const [kid, secret] = key.split(":");
  const linkKey = hmac(Buffer.from(secret, "base64url"), "darkroom link v1\x01");

  const expires = Math.floor(Date.now() / 1000) + seconds;
  const all = { ...parameters, expires, kid, ...(epoch > 0 && { epoch }) };
  const query = Object.keys(all)
    .sort()
    .map((name) => `${encode(name)}=${encode(all[name])}`)
    .join("&");
  const signature = hmac(linkKey, `${method}\n${path}\n${query}`).toString("base64url");
  return `${path}?${query}&signature=${signature}`;
}

const [path, seconds, ...pairs] = process.argv.slice(2);
const parameters = pairs.map((pair) => /^([^=]*)=(.*)$/s.exec(pair).slice(1));
console.log(
  signLink(process.env.DARKROOM_KEY, path, Number(seconds), Object.fromEntries(parameters)),
);
