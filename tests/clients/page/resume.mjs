// Uploads go on after a reload, and can be paused.

import {
  assert,
  choose,
  drop,
  files,
  hasText,
  images,
  leave,
  look,
  owner,
  picture,
  press,
  settled,
  signedIn,
  test,
  until,
} from "./browser.mjs";

const who = owner("resumer");

await test(async (browser) => {
  const page = await signedIn(browser, who);
  await hasText(page, "No images yet");
  const slow = (bytes) =>
    page.emulateNetworkConditions({ upload: bytes, download: 10e6, latency: 0 });
  await slow(400_000);
  const paths = files(
    "resume",
    Object.fromEntries(
      Array.from({ length: 5 }, (_, n) => [`large ${n}.png`, picture(n, 640, 480, 60)]),
    ),
  );
  await choose(page, "Upload", paths);
  await until(page, () => document.querySelectorAll('.upload[data-state="sending"]').length >= 2);
  await press(page, "Pause large 0.png");
  await hasText(page, "Paused at");
  await look(page, "uploads-paused");
  await until(page, () =>
    [...document.querySelectorAll("[role=progressbar]")].some(
      (bar) => Number(bar.getAttribute("aria-valuenow")) > 20,
    ),
  );

  // The page is closed in the middle, and opened again. Nothing has to be chosen again.
  await page.reload();
  await page.waitForSelector(".upload");
  await look(page, "uploads-after-reload");
  await slow(-1);
  await hasText(page, "uploads finished");
  await settled(async () => (await images(who)).length === 5);
  const names = (await images(who)).map(({ filename }) => filename).sort();
  assert.deepEqual(
    names,
    Array.from({ length: 5 }, (_, n) => `large ${n}.png`),
  );

  // What is done is not kept, and is not sent again.
  await page.reload();
  await page.waitForSelector(".tile");
  assert.equal(await page.$(".upload"), null);

  // A file that is large enough goes in pieces, if the server has resumable uploads: what has
  // arrived before the reload is not sent again.
  const options = await fetch(new URL("/v1/uploads", process.argv[2]), { method: "OPTIONS" });
  if (options.headers.get("tus-version")) {
    await slow(1_500_000);
    const [path] = files("resume", { "huge.png": picture(9, 2000, 1500, 60) });
    await choose(page, "Upload", [path]);
    await until(page, () =>
      [...document.querySelectorAll("[role=progressbar]")].some(
        (bar) => Number(bar.getAttribute("aria-valuenow")) > 25,
      ),
    );
    const requests = [];
    page.on("request", (request) =>
      requests.push(`${request.method()} ${new URL(request.url()).pathname.split("/")[2]}`),
    );
    await page.reload();
    await slow(-1);
    await hasText(page, "1 upload finished");
    assert.ok(
      requests.includes("HEAD uploads") && requests.includes("PATCH uploads"),
      requests.join(),
    );
    assert.ok(!requests.includes("POST uploads"), requests.join());
    await settled(async () => (await images(who)).length === 6);
  }

  // Where files cannot be kept, the page asks for them.
  await page.evaluate(() => {
    Object.defineProperty(IDBObjectStore.prototype, "put", {
      value: new Proxy(IDBObjectStore.prototype.put, {
        apply: (put, store, [item]) => {
          if (item.file) throw new DOMException("no room", "QuotaExceededError");
          return Reflect.apply(put, store, [item]);
        },
      }),
    });
  });
  await slow(50_000);
  const bytes = picture(20, 400, 300, 60);
  await drop(page, [{ name: "lost.png", bytes }]);
  await until(page, () => document.querySelector('.upload[data-state="sending"]'));
  await page.reload();
  await hasText(page, "Choose this file again");
  await look(page, "uploads-lost");
  await slow(-1);
  await drop(page, [{ name: "lost.png", bytes }]);
  await hasText(page, "finished");
  await settled(async () => (await images(who)).some(({ filename }) => filename === "lost.png"));
  await leave(page);
});
console.log("passed");
