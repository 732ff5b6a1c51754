// A bearer token: DARKROOM_KEY=kid:secret node mint_token.mjs alice images:read

import { SignJWT } from "jose"; // npm install jose

/** `key` is an entry of signing_keys: kid:base64url-secret. */
async function mintToken(key, owner, scope, seconds = 3600, audience) {
  const [kid, secret] = key.split(":");
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ scope })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid })
    .setSubject(owner)
    .setIssuedAt(now)
    .setExpirationTime(now + seconds);
  if (audience) token.setAudience(audience);
  return token.sign(Buffer.from(secret, "base64url"));
}

console.log(await mintToken(process.env.DARKROOM_KEY, ...process.argv.slice(2, 4)));
