// A person signs in, uploads 30 files while the network fails, looks, tags, shares and deletes.

import {
  address,
  api,
  assert,
  choose,
  control,
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
  token,
  until,
  visit,
} from "./browser.mjs";

const who = owner("walker");

await test(async (browser) => {
  const page = await visit(browser, "/");
  await control(page, "Access token", "textbox");
  await look(page, "sign-in");
  await page.type("input[type=password]", "not a token");
  await press(page, "Sign in");
  await hasText(page, "This is not a token");
  const field = await page.$("input[type=password]");
  await field.click({ count: 3 });
  await field.type(token(who));
  await press(page, "Sign in");
  await hasText(page, "No images yet");
  await look(page, "empty");

  // 30 files are dropped. Some cannot be accepted, which is said before a byte is sent.
  let sent = 0;
  page.on(
    "request",
    (request) =>
      (sent += request.method() === "POST" && request.url().includes("/v1/images") ? 1 : 0),
  );
  const dropped = Array.from({ length: 30 }, (_, n) => ({
    name: `photo ${n}.png`,
    bytes: picture(n, 300 + 40 * (n % 4), 200 + 50 * (n % 3)),
  }));
  await drop(page, [
    ...dropped,
    { name: "notes.txt", bytes: Buffer.from("not a picture"), type: "text/plain" },
  ]);
  await hasText(page, "not an image of a type that is accepted");
  await until(page, () => document.querySelectorAll('.upload[data-state="done"]').length > 4);
  await page.setOfflineMode(true);
  await until(
    page,
    () =>
      document.querySelectorAll('.upload[data-state="again"]').length > 0 ||
      document.querySelectorAll('.upload[data-state="done"]').length === 30,
  );
  await look(page, "uploads-offline");
  await page.setOfflineMode(false);
  await hasText(page, "30 uploads finished");
  assert.ok(sent >= 30);
  const stored = await images(who);
  assert.equal(stored.length, 30);
  assert.deepEqual(
    new Set(stored.map(({ filename }) => filename)),
    new Set(dropped.map(({ name }) => name)),
  );

  // The same picture under another name is shown as such, and its copy can be removed.
  const [copy] = files("walk", { "copy.png": dropped[3].bytes });
  await choose(page, "Upload", [copy]);
  await hasText(page, "Already here");
  await hasText(page, "The same picture as photo 3.png");
  await look(page, "uploads-duplicate");
  await press(page, "Remove the copy");
  await hasText(page, "Image deleted");
  await press(page, "Close");
  await settled(async () => (await images(who)).length === 30);
  await press(page, "Dismiss");
  await until(page, () => document.querySelectorAll(".tile.shown").length > 5);
  await look(page, "gallery");

  // Search, then look at one, rename and tag it.
  await page.type("input[type=search]", "photo 7");
  await until(page, () => document.querySelectorAll(".tile").length === 1);
  await (await page.waitForSelector('.tile[aria-label^="photo 7.png"]')).click();
  await page.waitForSelector(".details form");
  await until(page, () =>
    [...document.querySelectorAll(".viewer-img")].some(
      (img) => !img.hidden && img.complete && img.naturalWidth > 0,
    ),
  );
  const name = await page.$(".details input");
  await name.click({ count: 3 });
  await name.type("sunrise.png");
  await page.type('.details input[placeholder="Add a tag"]', "morning\n");
  await look(page, "viewer-edited");
  await press(page, "Save");
  await until(page, () => document.querySelector(".save-bar").hidden);
  const [renamed] = (await images(who)).filter(({ filename }) => filename === "sunrise.png");
  assert.deepEqual(renamed.tags, ["morning"]);

  // Somebody else changes it meanwhile: both versions are shown.
  await name.click({ count: 3 });
  await name.type("mine.png");
  await api(
    who,
    "PATCH",
    `/v1/images/${renamed.id}`,
    { filename: "theirs.png", tags: ["evening"] },
    { "Content-Type": "application/merge-patch+json" },
  );
  await press(page, "Save");
  await hasText(page, "Changed elsewhere in the meantime");
  await look(page, "conflict");
  const theirs = await page.$$('.version input[name="tags"]');
  await theirs[1].click();
  await press(page, "Save the choice");
  await until(page, () => !document.querySelector("dialog"));
  await until(page, () => document.querySelector(".viewer-title").textContent === "mine.png");
  const merged = await api(who, "GET", `/v1/images/${renamed.id}`);
  assert.deepEqual([merged.filename, merged.tags], ["mine.png", ["evening"]]);

  // Share it: the link opens in a profile that knows nothing, and ends when it is revoked.
  await press(page, "Share");
  await press(page, "Create link");
  const output = await page.waitForSelector(".result textarea");
  const url = await output.evaluate((area) => area.value);
  assert.ok(url.startsWith(address), url);
  await page.waitForSelector("svg.qr");
  await look(page, "share");
  await page.select('select[aria-label="Format"]', "Markdown");
  assert.equal(await output.evaluate((area) => area.value), `![mine.png](${url})`);
  // Browsers style the document of a picture themselves, which its policy forbids.
  const stranger = await visit(browser, url, { expects: ["Applying inline style"] });
  assert.equal(await stranger.evaluate(() => document.images[0].naturalWidth > 0), true);
  await leave(stranger);
  await press(page, "Revoke all links");
  await hasText(page, "All links to this picture were revoked");
  assert.equal((await fetch(url)).status, 410);
  await page.keyboard.press("Escape");

  // Delete with undo: nothing is sent until the time has passed.
  await press(page, "Delete");
  await hasText(page, "Image deleted");
  await press(page, "Undo");
  assert.equal(
    (await images(who)).some(({ id }) => id === renamed.id),
    true,
  );
  await leave(page);

  // All at once: selected with the keyboard, tagged, made public, deleted by leaving.
  const again = await signedIn(browser, who);
  await again.waitForSelector(".tile");
  await again.focus(".tile[tabindex='0']");
  await again.keyboard.down("Control");
  await again.keyboard.press("a");
  await again.keyboard.up("Control");
  await hasText(again, "30 selected");
  await look(again, "selection");
  await press(again, "Tags");
  await again.waitForSelector("dialog[open]");
  await again.keyboard.type("holiday");
  await press(again, "Add these tags");
  await hasText(again, "30 images changed");
  await press(again, "Make public");
  await settled(async () =>
    (await images(who)).every(
      ({ tags, visibility }) => tags.includes("holiday") && visibility === "public",
    ),
  );
  await press(again, "Delete");
  await hasText(again, "30 images deleted");
  await again.goto("about:blank");
  await settled(async () => (await images(who)).length === 0);
  await leave(again);
});
console.log("passed");
