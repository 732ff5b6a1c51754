// Tokens: from a link, kept or not, with few scopes, and one that expires while the page is open.

import {
  assert,
  hasText,
  lacksText,
  leave,
  look,
  owner,
  press,
  signedIn,
  test,
  token,
  until,
  upload,
  visit,
} from "./browser.mjs";

const who = owner("visitor");

await test(async (browser) => {
  await upload(who, 3);

  // The link's token leaves the address at once, and stays in this tab only.
  const linked = await signedIn(browser, who);
  await linked.waitForSelector(".tile");
  assert.ok(!linked.url().includes("token"), linked.url());
  assert.equal(await linked.evaluate(() => history.length), 2);
  assert.equal(await linked.evaluate(() => localStorage.length), 0);
  await linked.reload();
  await linked.waitForSelector(".tile");
  await press(linked, "Account");
  await hasText(linked, who);
  await press(linked, "Sign out");
  await hasText(linked, "Paste an access token");
  assert.equal(await linked.evaluate(() => localStorage.length + sessionStorage.length), 0);
  await leave(linked);

  // Who may only look is offered nothing else.
  const reader = await signedIn(browser, who, { scope: "images:read" });
  await reader.waitForSelector(".tile");
  for (const absent of ["Upload", "Guest uploads"]) await lacksText(reader, absent);
  await reader.click(".tile");
  await reader.waitForSelector(".details form");
  assert.equal(await reader.$eval(".details input", (input) => input.disabled), true);
  assert.equal(
    await reader.$eval(
      '[aria-label="Delete"]',
      (button) => button.hidden || button.closest("[hidden]") !== null,
    ),
    true,
  );
  await leave(reader);

  // Who may only upload sees that.
  const sender = await signedIn(browser, who, { scope: "images:write" });
  await hasText(sender, "This token allows uploading, but not looking at images.");
  await look(sender, "upload-only");
  await leave(sender);

  // Servers accept a token for a minute after its end. The page is opened in that minute, with a
  // clock that is slow.
  const expiring = await visit(browser, "/");
  await expiring.evaluateOnNewDocument(() => {
    const now = Date.now;
    Date.now = () => now() - 300_000;
  });
  await expiring.goto(
    new URL(`/?`, expiring.url()).href.replace("?", `#token=${token(who, undefined, -56)}`),
  );
  await expiring.reload();
  await expiring.waitForSelector(".tile");
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await expiring.type("input[type=search]", "picture 0001");
  await hasText(expiring, "The token was not accepted");
  await look(expiring, "token-expired");
  await expiring.type("dialog input[type=password]", token(who));
  await press(expiring, "Sign in");
  await until(expiring, () => !document.querySelector("dialog"));
  // What was asked for is there, without anything lost.
  await until(expiring, () => document.querySelectorAll(".tile").length === 1);
  assert.equal(await expiring.$eval("input[type=search]", (input) => input.value), "picture 0001");
  await leave(expiring);
});
console.log("passed");
