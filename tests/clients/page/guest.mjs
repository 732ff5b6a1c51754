// A guest link is made, used by somebody without a token on a phone, and revoked; a link to a
// picture has a name, and is revoked by itself.

import {
  address,
  api,
  assert,
  choose,
  control,
  DESK,
  drop,
  files,
  goTo,
  hasText,
  images,
  judge,
  leave,
  owner,
  PHONE,
  picture,
  press,
  settled,
  signedIn,
  test,
  until,
  upload,
  visit,
} from "./browser.mjs";

const who = owner("host");

await test(async (browser) => {
  await upload(who, 1);
  const page = await signedIn(browser, who);
  await page.waitForSelector(".tile");
  await goTo(page, "#/guests");
  await hasText(page, "No guest links");
  await press(page, "New guest link");
  await page.waitForSelector("dialog[open]");
  await page.type("dialog input", "Wedding <b>");
  await (await control(page, "Number of pictures", "spinbutton")).click({ count: 3 });
  await page.keyboard.type("3");
  await page.type('dialog input[placeholder="Add a tag"]', "guests\n");
  await press(page, "Create");
  const output = await page.waitForSelector(".result textarea");
  const url = await output.evaluate((area) => area.value);
  assert.ok(url.startsWith(`${address}/drop#`), url);
  await judge(page, "guest-link-made", DESK);
  await page.keyboard.press("Escape");
  await hasText(page, "0 of 3 used");

  // The ticket is not sent before something is to be uploaded or asked.
  const guest = await visit(browser, url, PHONE);
  await hasText(guest, "Wedding <b>");
  await hasText(guest, "You can send 3 pictures");
  await judge(guest, "guest", PHONE);
  const all = Object.fromEntries([1, 2].map((n) => [`guest ${n}.png`, picture(n)]));
  await choose(guest, "Choose images", files("guest", all));
  await hasText(guest, "2 pictures have arrived");
  await hasText(guest, "You can send 1 picture");
  await drop(guest, [{ name: "text.txt", bytes: Buffer.from("no"), type: "text/plain" }]);
  await hasText(guest, "not an image of a type that is accepted");
  await drop(guest, [{ name: "last.png", bytes: picture(3) }]);
  await hasText(guest, "Nothing more can be sent");
  await judge(guest, "guest-thanks", PHONE);
  await guest.reload();
  await hasText(guest, "All pictures have arrived");
  await leave(guest);
  const tagged = (await images(who)).filter(({ tags }) => tags.includes("guests"));
  assert.deepEqual(tagged.map(({ filename }) => filename).sort(), [
    "guest 1.png",
    "guest 2.png",
    "last.png",
  ]);

  // The host sees it, and what came by it.
  await goTo(page, "#/images");
  await goTo(page, "#/guests");
  await hasText(page, "3 of 3 used");
  await hasText(page, "Used up");
  await judge(page, "guest-links", DESK);
  await press(page, "Images from Wedding <b>", "link");
  await until(page, () => document.querySelectorAll(".tile").length === 3);

  // Another one is revoked: its address says so.
  await goTo(page, "#/guests");
  await press(page, "New guest link");
  await press(page, "Create");
  const other = await (
    await page.waitForSelector(".result textarea")
  ).evaluate((area) => area.value);
  await page.keyboard.press("Escape");
  await press(page, "Revoke the guest link Send pictures");
  await hasText(page, "Revoked");
  const late = await visit(browser, other);
  await hasText(late, "This address does not work any more");
  await judge(late, "guest-revoked", DESK);
  await leave(late);

  // A link with a name is listed, and revoked by itself; the other one stays.
  await goTo(page, "#/images");
  await (await page.waitForSelector(".tile")).click();
  await page.waitForSelector(".details form");
  await press(page, "Share");
  const made = async (name) => {
    await page.waitForSelector(".dialog.share form");
    const field = await control(page, "Name (optional)", "textbox");
    await field.click({ count: 3 });
    await page.keyboard.press("Backspace");
    if (name) await field.type(name);
    const before = await page.evaluate(
      () => document.querySelector(".result textarea")?.value ?? "",
    );
    await press(page, "Create link");
    await until(
      page,
      (before) => (document.querySelector(".result textarea")?.value ?? before) !== before,
      before,
    );
    return page.$eval(".result textarea", (area) => area.value);
  };
  const named = await made("For the printer");
  const unnamed = await made("");
  await hasText(page, "For the printer");
  await judge(page, "named-links", DESK);
  assert.deepEqual([(await fetch(named)).status, (await fetch(unnamed)).status], [200, 200]);
  await press(page, "Revoke the link For the printer");
  await settled(async () => (await fetch(named)).status === 410);
  assert.equal((await fetch(unnamed)).status, 200);
  await leave(page);

  // ShareX gets a file that works.
  const { RequestURL: target } = await api(who, "GET", "/v1/integrations/sharex");
  assert.ok(target.includes("/v1/images"), target);
});
console.log("passed");
