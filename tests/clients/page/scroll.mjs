// 5,000 images are scrolled: only those near the screen are elements, and frames are not lost.

import {
  assert,
  hasText,
  leave,
  look,
  owner,
  picture,
  signedIn,
  test,
  until,
  upload,
} from "./browser.mjs";

const COUNT = 5000;
const who = owner("collector");
const kinds = [picture(1, 30, 20), picture(2, 20, 30), picture(3, 24, 24), picture(4, 48, 20)];
const parts = Array.from({ length: 4 }, (_, part) => part);
await Promise.all(
  parts.map((part) =>
    upload(who, COUNT / parts.length, (n) => ({
      name: `${part}-${n}.png`,
      bytes: kinds[(n * 7 + part) % 4],
    })),
  ),
);

await test(async (browser) => {
  const page = await signedIn(browser, who);
  await until(page, () => document.querySelectorAll(".tile.shown").length > 10);
  const seen = await page.evaluate(async () => {
    const frames = [];
    let most = 0;
    let last = performance.now();
    let still = 0;
    while (still < 5 || document.querySelector(".end").textContent === "") {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      frames.push(now - last);
      last = now;
      const before = scrollY;
      scrollBy(0, 500);
      still = scrollY === before ? still + 1 : 0;
      most = Math.max(most, document.querySelectorAll(".tile").length);
      if (frames.length > 4000) break;
    }
    frames.sort((a, b) => a - b);
    const at = (share) => Math.round(frames[Math.floor(frames.length * share)] * 10) / 10;
    return {
      frames: frames.length,
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
      most,
      height: document.documentElement.scrollHeight,
    };
  });
  console.log(JSON.stringify(seen));
  await hasText(page, "That is everything.");
  await hasText(page, "5,000 images");
  await look(page, "gallery-end");
  // A screen and three quarters of another above and below it.
  assert.ok(seen.most < 250, JSON.stringify(seen));
  // How long frames take depends on what else the machine does: it is printed, and not judged.
  assert.ok(seen.frames > 100, JSON.stringify(seen));

  // The keyboard goes to the first one and to the last one.
  await page.focus(".tile[tabindex='0']");
  await page.keyboard.press("Home");
  await until(
    page,
    () => scrollY < 300 && document.activeElement.getAttribute("aria-posinset") === "1",
  );
  await page.keyboard.press("End");
  await until(page, () => document.activeElement.getAttribute("aria-posinset") === "5000");
  await leave(page);
});
console.log("passed");
