// Every state of the page on a desk and on a phone, in light and dark: judged by axe-core, kept as a
// picture, without anything that sticks out.

import {
  api,
  assert,
  DESK,
  drop,
  goTo,
  hasText,
  judge,
  leave,
  owner,
  PHONE,
  picture,
  press,
  signedIn,
  test,
  until,
  upload,
  visit,
} from "./browser.mjs";

const who = owner("judge");
const nobody = owner("nobody");
const RTL = "صورة من الحفلة مع اسم طويل جدا 2026.png";
async function all(browser, size) {
  const out = await visit(browser, "/", size);
  await out.waitForSelector("input[type=password]");
  await judge(out, "sign-in", size);
  await leave(out);

  const empty = await signedIn(browser, nobody, size);
  await hasText(empty, "No images yet");
  await judge(empty, "empty", size);
  await leave(empty);

  const page = await signedIn(browser, who, size);
  await until(page, () => document.querySelectorAll(".tile.shown").length > 5);
  await judge(page, "gallery", size);
  await page.focus(".tile");
  await page.keyboard.press("Space");
  await hasText(page, "1 selected");
  await judge(page, "selection", size);
  await page.keyboard.press("Escape");
  await press(page, "Filters");
  await page.waitForSelector("dialog");
  await judge(page, "filters", size);
  await page.keyboard.press("Escape");
  await goTo(page, "#/images?tag=none");
  await hasText(page, "Nothing matches");
  await judge(page, "nothing-matches", size);
  await goTo(page, "#/images");
  await (await page.waitForSelector(".tile")).click();
  await page.waitForSelector(".details form");
  await until(page, () =>
    [...document.querySelectorAll(".viewer-img")].some((img) => !img.hidden && img.complete),
  );
  await judge(page, "viewer", size);
  if (size.isMobile) {
    await press(page, "Details");
    await judge(page, "details", size);
  }
  await press(page, "Share");
  await press(page, "Create link");
  await page.waitForSelector(".qr");
  await judge(page, "share", size);
  await page.keyboard.press("Escape");
  await goTo(page, "#/image/01a20bb0-2844-74b5-8560-f8154794d311");
  await hasText(page, "does not exist any more");
  await judge(page, "missing", size);
  await goTo(page, "#/images");
  await drop(page, [
    { name: RTL, bytes: picture(90 + (size.isMobile ? 1 : 0)) },
    { name: "a-very-long-name-without-any-space-".repeat(5) + ".png", bytes: picture(93) },
    { name: "notes.txt", bytes: Buffer.from("text"), type: "text/plain" },
  ]);
  await hasText(page, "2 uploads finished");
  await judge(page, "uploads", size);
  // Names in other scripts begin where all names begin.
  const starts = await page.$$eval(".upload-name", (names) =>
    names.map((name) => Math.round(name.getBoundingClientRect().left)),
  );
  assert.equal(new Set(starts).size, 1, starts.join());
  await press(page, "Dismiss");
  for (const [view, text] of [
    ["usage", "What is accepted"],
    ["guests", "New guest link"],
  ]) {
    await goTo(page, `#/${view}`);
    await hasText(page, text);
    await judge(page, view, size);
  }
  await press(page, "New guest link");
  await page.waitForSelector("dialog");
  await judge(page, "guest-link", size);
  await page.keyboard.press("Escape");
  await page.setOfflineMode(true);
  await goTo(page, "#/images?tag=offline");
  await hasText(page, "The images cannot be loaded");
  await judge(page, "error", size);
  await page.setOfflineMode(false);
  await leave(page);

  const operator = await signedIn(browser, who, { ...size, scope: "admin" });
  await goTo(operator, "#/admin");
  await hasText(operator, "Both stores answer");
  await press(operator, "Sweep now");
  await hasText(operator, "removed");
  await press(operator, "Start the audit");
  await hasText(operator, "checked");
  // What is under the head of the page cannot be pressed.
  await operator.evaluate(() => scrollTo(0, 0));
  await judge(operator, "admin", size);
  await leave(operator);

  const guest = await visit(browser, "/drop", size);
  await hasText(guest, "This address is incomplete");
  await judge(guest, "guest-wrong", size);
  await leave(guest);
}

await test(async (browser) => {
  await upload(who, 16, (n) => (n === 3 ? { name: RTL } : {}));
  const { items } = await api(who, "GET", "/v1/images");
  await api(
    who,
    "PATCH",
    `/v1/images/${items[0].id}`,
    { visibility: "public", tags: ["sea", "2026"], metadata: { camera: "none" } },
    { "Content-Type": "application/merge-patch+json" },
  );
  await all(browser, DESK);
  await all(browser, PHONE);

  // The other two, where only colours differ; and twice as large.
  for (const size of [
    { ...DESK, dark: true },
    { ...PHONE, dark: false },
    { width: 640, height: 400, deviceScaleFactor: 2 },
  ]) {
    const page = await signedIn(browser, who, size);
    await until(page, () => document.querySelectorAll(".tile.shown").length > 3);
    await judge(page, size.width === 640 ? "gallery-zoomed" : "gallery", size);
    await page.click(".tile");
    await page.waitForSelector(".details form");
    await judge(page, size.width === 640 ? "viewer-zoomed" : "viewer", size);
    await leave(page);
  }
});
console.log("passed");
