// Everything without a pointer, and without motion.

import {
  assert,
  hasText,
  images,
  leave,
  owner,
  settled,
  test,
  token,
  until,
  upload,
  visit,
} from "./browser.mjs";

const who = owner("typist");
const focused = (page) =>
  page.evaluate(
    () =>
      document.activeElement?.getAttribute("aria-label") ??
      document.activeElement?.textContent ??
      "",
  );

/** Goes on with Tab to the control with this name. */
async function tabTo(page, name) {
  for (let step = 0; step < 60; step++) {
    if ((await focused(page)).startsWith(name)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${name} is not reached with Tab`);
}

await test(async (browser) => {
  await upload(who, 8);
  const page = await visit(browser, "/");
  await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
  await page.waitForSelector("input[type=password]:focus");
  await page.keyboard.sendCharacter(token(who));
  await page.keyboard.press("Enter");
  await page.waitForSelector(".tile");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to content");
  await tabTo(page, "picture");
  const first = await focused(page);
  await page.keyboard.press("ArrowRight");
  const second = await focused(page);
  assert.notEqual(first, second);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  assert.equal(await focused(page), second);

  // One is opened, the next one is shown, and the focus comes back to where it was left.
  await page.keyboard.press("Enter");
  await page.waitForSelector(".details form");
  await page.keyboard.press("ArrowRight");
  await until(
    page,
    (name) => !name.startsWith(document.querySelector(".viewer-title").textContent),
    second,
  );
  const third = await page.$eval(".viewer-title", (title) => title.textContent);
  await page.keyboard.press("Escape");
  await until(page, () => document.querySelector(".viewer").hidden);
  await until(
    page,
    (name) => document.activeElement?.getAttribute("aria-label")?.startsWith(name),
    third,
  );

  // A range is selected, and deleted; a live region says so; it is undone.
  await page.keyboard.press("Home");
  await page.keyboard.press("Space");
  await page.keyboard.down("Shift");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.up("Shift");
  await until(page, () => document.querySelector("[aria-live]").textContent === "3 selected");
  await page.keyboard.press("Delete");
  await hasText(page, "3 images deleted");
  await until(page, () => document.querySelectorAll(".tile").length === 5);
  assert.ok(await page.evaluate(() => document.activeElement?.classList.contains("tile")));
  await page.keyboard.down("Control");
  await page.keyboard.press("z");
  await page.keyboard.up("Control");
  await until(page, () => document.querySelectorAll(".tile").length === 8);
  assert.equal((await images(who)).length, 8);

  // The search has a key, and filters are a dialog that keeps the focus and gives it back.
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("/");
  await page.keyboard.type("picture 0003");
  await until(page, () => document.querySelectorAll(".tile").length === 1);
  await tabTo(page, "Filters");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog");
  for (let step = 0; step < 40; step++) {
    await page.keyboard.press("Tab");
    // Between the last and the first, browsers go through their own controls.
    assert.ok(
      await page.evaluate(
        () =>
          document.activeElement === document.body ||
          document.activeElement?.closest("dialog") !== null,
      ),
    );
  }
  await page.keyboard.press("Escape");
  await until(page, () => document.activeElement?.textContent.startsWith("Filters"));

  // The last one is deleted for good when its time is over: by its message, which can be reached.
  await tabTo(page, "picture 0003");
  await page.keyboard.press("Delete");
  await hasText(page, "Image deleted");
  await tabTo(page, "Close");
  await page.keyboard.press("Enter");
  await settled(async () => (await images(who)).length === 7);

  // Nothing moves for those who do not want it.
  const moving = await page.evaluate(
    () =>
      document
        .getAnimations()
        .filter((animation) => Number(animation.effect?.getComputedTiming().duration) > 1).length,
  );
  assert.equal(moving, 0);
  await leave(page);
});
console.log("passed");
