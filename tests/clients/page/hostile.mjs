// What users and servers write is shown as text, wherever it is from.

import {
  api,
  assert,
  hasText,
  leave,
  look,
  owner,
  picture,
  press,
  signedIn,
  test,
  until,
  upload,
} from "./browser.mjs";

const who = owner("<b>mallory</b>");
const ATTACKS = [
  `"><img src=x onerror=hacked=1>.png`,
  `<script>hacked=1<script>.png`,
  `javascript:hacked=1`,
  `{{constructor.constructor('hacked=1')()}}.png`,
  `\u05d0\u05d1\u05d2 <svg onload=hacked=1>.png`,
];

await test(async (browser) => {
  await upload(who, ATTACKS.length, (n) => ({ name: "x.png", bytes: picture(n) }));
  const { items } = await api(who, "GET", "/v1/images");
  for (const [n, { id }] of items.entries()) {
    const change = {
      filename: ATTACKS[n].replaceAll("/", ""),
      tags: [`<img src=x onerror=hacked=1> ${n}`],
      metadata: { [`<i onclick=hacked=1>${n}`]: `"><script>hacked=1</script>` },
    };
    await api(who, "PATCH", `/v1/images/${id}`, change, {
      "Content-Type": "application/merge-patch+json",
    });
  }
  const page = await signedIn(browser, who);
  await until(
    page,
    (count) => document.querySelectorAll(".tile.shown").length === count,
    ATTACKS.length,
  );
  await look(page, "hostile-gallery");
  const labels = await page.$$eval(".tile", (tiles) =>
    tiles.map((tile) => tile.getAttribute("aria-label")),
  );
  for (const name of ATTACKS)
    assert.ok(
      labels.some((label) => label.startsWith(name)),
      name,
    );
  for (let n = 0; n < ATTACKS.length; n++) {
    await (await page.$$(".tile"))[n].click();
    await page.waitForSelector(".details form");
    if (n === 0) {
      await look(page, "hostile-viewer");
      await press(page, "Share");
      await press(page, "Create link");
      await page.waitForSelector(".result textarea");
      await page.select('select[aria-label="Format"]', "HTML");
      const html = await page.$eval(".result textarea", (area) => area.value);
      // What is pasted into a page has one element, too.
      const pasted = await page.evaluate((html) => {
        const policy = html.match(/^<img src="[^"<>]*" alt="[^"<>]*">$/);
        return policy !== null;
      }, html);
      assert.ok(pasted, html);
      await page.keyboard.press("Escape");
      await until(page, () => !document.querySelector("dialog"));
    }
    await page.keyboard.press("Escape");
    await until(page, () => document.querySelector(".viewer").hidden);
  }

  // A filter in the address, and a problem that somebody between here and the server has written.
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    if (!request.url().includes("/v1/usage") && !request.url().includes("nothing"))
      return void request.continue();
    const body = JSON.stringify({
      title: "<img src=x onerror=hacked=1>",
      detail: "<script>hacked=1</script> is wrong",
    });
    void request.respond({ status: 400, contentType: "application/problem+json", body });
  });
  await page.evaluate(() => void (location.hash = "#/usage"));
  await hasText(page, "<script>hacked=1</script> is wrong");
  await look(page, "hostile-problem");
  await page.evaluate(
    () =>
      void (location.hash = `#/images?tag=${encodeURIComponent("<img src=x onerror=hacked=1> nothing")}`),
  );
  await hasText(page, "<script>hacked=1</script> is wrong");
  assert.equal(await page.evaluate(() => typeof window.hacked), "undefined");
  assert.equal(await page.evaluate(() => document.querySelectorAll("script").length), 1);
  await leave(page);
});
console.log("passed");
