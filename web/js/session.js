// Who is signed in: a token, where it is kept, and what it allows.

const KEY = "darkroom-token";

/**
 * @typedef {object} Session
 * @property {string} token
 * @property {string} owner
 * @property {number} expires seconds since 1970
 * @property {Set<string>} scopes
 */

/** @type {Session | null} */
let current = null;
/** @type {((why: "expired" | "refused") => Promise<void>) | null} */
let ask = null;
/** @type {Promise<void> | null} */
let asking = null;

/** @param {string} part */
function json(part) {
  const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (c) =>
    c.charCodeAt(0),
  );
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Reads a token. The server alone verifies it. @param {string} token @returns {Session | null} */
export function read(token) {
  try {
    const parts = token.split(".");
    if (parts.length !== 3) return null;
    const { sub, exp, scope } = json(parts[1] ?? "");
    return {
      token,
      owner: String(sub),
      expires: Number(exp),
      scopes: new Set(String(scope ?? "").split(" ")),
    };
  } catch {
    return null;
  }
}

/** @param {Session} session */
export const hasExpired = (session) => session.expires * 1000 <= Date.now();

/** The session, if there is one. */
export const session = () => current;

/** Whether the token has a scope. @param {"images:read" | "images:write" | "images:delete" | "metrics" | "maintenance" | "admin"} scope */
export const allows = (scope) =>
  Boolean(current && (current.scopes.has("admin") || current.scopes.has(scope)));

/** @param {Session} session @param {boolean} remember */
export function keep(session, remember) {
  current = session;
  forget();
  (remember ? localStorage : sessionStorage).setItem(KEY, session.token);
}

/** Whether the token is kept beyond this tab. */
export const isRemembered = () => localStorage.getItem(KEY) !== null;

function forget() {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}

/** Signs out. */
export function end() {
  current = null;
  forget();
}

/** Takes the token of the address, which it is removed from at once, or that which was kept. */
export function restore() {
  const given = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (given) {
    history.replaceState(null, "", location.pathname + location.search);
    const session = read(decodeURIComponent(given));
    // For this tab only. Whoever is remembered stays so for others.
    if (session) sessionStorage.setItem(KEY, session.token);
  }
  current ??= read(sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "");
  return current;
}

/** Says how a new token is asked for while the page is open. @param {(why: "expired" | "refused") => Promise<void>} how */
export const onEnd = (how) => (ask = how);

/** Waits for a new token, after one was refused. @param {string} refused */
export async function renewed(refused) {
  if (current && current.token !== refused) return;
  asking ??= ask
    ? ask(current && hasExpired(current) ? "expired" : "refused")
    : Promise.reject(new Error("signed out"));
  try {
    await asking;
  } finally {
    asking = null;
  }
}
