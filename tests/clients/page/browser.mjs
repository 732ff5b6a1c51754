// What the tests of the page share: a browser, tokens, pictures, and what a person would do.
//
// Each test is a script: SCRIPT ADDRESS KEY CHROMIUM PICTURES, where KEY is `kid:secret`, and
// PICTURES is a folder that keeps what the test has seen.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import puppeteer from "puppeteer-core";

const [address, key, executablePath, pictures] = process.argv.slice(2);
export { address, assert };

/** What all owners of one run have in their names, so that runs do not disturb each other. */
const run = randomBytes(4).toString("hex");
export const owner = (name) => `${name}-${run}`;
export const ALL = "images:read images:write images:delete";
const encoded = (value) => Buffer.from(value).toString("base64url");

/** A token that is valid for some seconds. */
export function token(sub, scope = ALL, seconds = 600) {
  const [kid, secret] = key.split(":");
  const header = encoded(JSON.stringify({ alg: "HS256", kid }));
  const claims = encoded(
    JSON.stringify({ sub, scope, exp: Math.floor(Date.now() / 1000) + seconds }),
  );
  const signature = createHmac("sha256", Buffer.from(secret, "base64url"))
    .update(`${header}.${claims}`)
    .digest("base64url");
  return `${header}.${claims}.${signature}`;
}

/** Calls the API beside the page. */
export async function api(who, method, path, body, headers = {}) {
  const isJson = body && !(body instanceof FormData);
  const answer = await fetch(new URL(path, address), {
    method,
    headers: {
      Authorization: `Bearer ${token(who)}`,
      ...(isJson ? { "Content-Type": "application/json" } : {}),
      ...headers,
    },
    body: isJson ? JSON.stringify(body) : body,
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

const TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  let crc = ~0;
  for (const byte of body) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(~crc >>> 0);
  return Buffer.concat([length, body, sum]);
}

/** A picture (PNG) of two colours that blend, which differ with the seed; larger with noise. */
export function picture(seed, width = 300, height = 200, noise = 0) {
  const hue = (seed * 137) % 360;
  const channel = (at) => 128 + 100 * Math.cos(((hue + at) * Math.PI) / 180);
  const rows = Buffer.alloc((width * 3 + 1) * height);
  const random = noise ? randomBytes(rows.length) : null;
  for (let y = 0, i = 0; y < height; y++) {
    i++;
    for (let x = 0; x < width; x++) {
      for (const at of [0, 120, 240]) {
        const mix = (x / width + y / height) / 2;
        const value =
          channel(at + 80 * mix) * (0.55 + 0.45 * mix) +
          (random ? ((random[i] - 128) * noise) / 128 : 0);
        rows[i++] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const parts = [
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows, { level: 1 })),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

/** Uploads pictures without the page. */
export async function upload(who, count, about = () => ({})) {
  const form = (from, to) => {
    const data = new FormData();
    for (let n = from; n < to; n++) {
      const {
        name = `picture ${String(n).padStart(4, "0")}.png`,
        bytes = picture(n, [300, 200, 240][n % 3], [200, 300, 240][n % 3]),
      } = about(n);
      data.append("file", new Blob([bytes], { type: "image/png" }), name);
    }
    return data;
  };
  for (let from = 0; from < count; from += 32)
    await api(who, "POST", "/v1/images", form(from, Math.min(count, from + 32)));
}

/** Writes files that a person could choose. Returns their paths. */
export function files(folder, all) {
  const at = join(pictures, folder);
  mkdirSync(at, { recursive: true });
  return Object.entries(all).map(([name, bytes]) => {
    const path = join(at, name);
    writeFileSync(path, bytes);
    return path;
  });
}

/** Opens the browser for a test, and closes it again, whatever happens. */
export async function test(run) {
  const browser = await puppeteer.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"],
  });
  try {
    await run(browser);
    assert.deepEqual(found, []);
  } catch (error) {
    // What it looked like helps more than what was waited for.
    for (const context of browser.browserContexts()) {
      for (const page of await context.pages()) {
        if (page.errors) console.error(page.url(), page.errors);
        if (page.errors) await look(page, `failed-${Date.now()}`).catch(() => {});
      }
    }
    throw error;
  } finally {
    await browser.close();
  }
}

const DESK_SIZE = { width: 1280, height: 800 };
export const DESK = { ...DESK_SIZE, dark: false };
export const PHONE = {
  width: 390,
  height: 844,
  isMobile: true,
  hasTouch: true,
  deviceScaleFactor: 2,
  dark: true,
};

/** A profile of its own, with one page. Whatever goes wrong in it is an error of the test. */
export async function visit(browser, path, { dark = false, expects = [], ...viewport } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(error.stack ?? error.message));
  page.on("console", (message) => {
    const text = message.text();
    // Browsers report every answer that is not a success, and password fields without a user name.
    const isKnown =
      /status of|ERR_|user ?name/i.test(text) ||
      expects.some((expected) => text.includes(expected));
    if (["error", "warn"].includes(message.type()) && !isKnown) page.errors.push(text);
  });
  page.on("dialog", (dialog) => dialog.accept());
  await page.setViewport({ ...DESK_SIZE, ...viewport });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
  ]);
  page.setDefaultTimeout(20_000);
  await page.goto(new URL(path, address).href);
  return page;
}

/** Closes a page, which must have had no errors. */
export async function leave(page) {
  assert.deepEqual(page.errors, []);
  await page.browserContext().close();
}

/** Signs in by a link, as `cargo xtask up` prints it. */
export const signedIn = (browser, who, { scope = ALL, path = "", ...options } = {}) =>
  visit(browser, `/#token=${token(who, scope)}`, options).then(async (page) => {
    if (path) await goTo(page, path);
    return page;
  });

/** Goes to a view. */
export const goTo = (page, path) => page.evaluate((hash) => void (location.hash = hash), path);

/** Keeps what a person would see. */
export async function look(page, name) {
  // Without what is on its way in or out.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getComputedTiming().endTime < 1000)
        .map((animation) => animation.finished.catch(() => {})),
    ),
  );
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const found = [];

/** Keeps what is shown, and has it judged by axe-core. What is wrong fails the test at its end. */
export async function judge(page, name, size) {
  const state = `${name}-${size.isMobile ? "phone" : "desk"}-${size.dark ? "dark" : "light"}`;
  await look(page, state);
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (values) => axe.run(document, { runOnly: values, resultTypes: ["violations"] }),
    STANDARDS,
  );
  for (const { id, help, nodes } of violations) {
    const examples = nodes
      .slice(0, 3)
      .map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`);
    found.push(`${state}: ${id}: ${help}: ${examples.join(" | ")}`);
  }
  const over = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (over > 0) found.push(`${state}: ${over} pixels too wide`);
}

/** Waits until something holds in the page. */
export const until = (page, holds, ...values) =>
  page.waitForFunction(holds, { polling: 50 }, ...values);
export const hasText = (page, text) =>
  until(page, (text) => document.body.innerText.includes(text), text);
export const lacksText = (page, text) =>
  until(page, (text) => !document.body.innerText.includes(text), text);

/** The control with this name, as assistive technology finds it. */
export const control = (page, name, role = "button") =>
  page.waitForSelector(`aria/${name}[role="${role}"]`);
/** Presses a control, once it is away from the bars at the top and the bottom of the page. */
export const press = async (page, name, role) => {
  const pressed = await control(page, name, role);
  await pressed.evaluate((element) => element.scrollIntoView({ block: "center" }));
  await pressed.click();
};

/** Chooses files with a button. */
export async function choose(page, name, paths) {
  const [chooser] = await Promise.all([page.waitForFileChooser(), press(page, name)]);
  await chooser.accept(paths);
}

/** Drops files on the page. */
export async function drop(page, all, selector = "body") {
  const data = all.map(({ name, bytes, type = "image/png" }) => ({
    name,
    type,
    base64: bytes.toString("base64"),
  }));
  await page.evaluate(
    (data, selector) => {
      const transfer = new DataTransfer();
      for (const { name, type, base64 } of data) {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type, lastModified: 1 }));
      }
      for (const kind of ["dragenter", "dragover", "drop"]) {
        document
          .querySelector(selector)
          .dispatchEvent(
            new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }),
          );
      }
    },
    data,
    selector,
  );
}

/** How many images the owner has. */
export const images = async (who) => (await api(who, "GET", "/v1/images?limit=200")).items;

/** Waits until something holds on the server. */
export async function settled(holds, rounds = 200) {
  while (!(await holds())) {
    assert.ok(rounds-- > 0, `never: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
