// What people do on pages, with and without script, with the keyboard alone, twice, backwards, too
// late, and with names that somebody chose to do harm.

import assert from "node:assert/strict";
import test from "node:test";

import {
  Application, complaintsOf, enterCode, freshPage, isAskedForCode, signIn, tabTo,
} from "./browser.mjs";
import { happen, stage } from "./stage.mjs";
import { fits } from "./tour.mjs";

const SESSIONS = `${stage.issuer}/settings/sessions`;

async function signedIn(t, who, options) {
  const page = await freshPage(t, options);
  await page.goto(SESSIONS);
  await signIn(page, who);
  await page.waitForSelector("#sessions");
  return page;
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with script" : "without script";
  const named = (name) => `${name}.${javaScriptEnabled}@example.com`;
  const fresh = (t) => freshPage(t, { javaScriptEnabled });

  test(`a wrong code, then the right one as it was copied, ${how}`, async (t) => {
    const who = named("mia");
    const page = await fresh(t);
    const complaints = complaintsOf(page);
    const known = await happen("letters", { who });
    await page.goto(`${stage.issuer}/login`);
    await page.fill("#email", who);
    await page.click("#continue");
    await isAskedForCode(page);
    assert.equal(await page.isDisabled("#resend"), javaScriptEnabled);
    await enterCode(page, "ZZZZZZ");
    await page.waitForSelector("#problem[role=alert]");
    const code = await happen("code", { who, known });
    await enterCode(page, ` ${code.slice(0, 3)}-${code.slice(3).toLowerCase()} `);
    await page.waitForURL((url) => url.pathname.startsWith("/settings/"));
    assert.deepEqual(complaints, []);
  });

  test(`another code, ${how}`, async (t) => {
    const who = named("ned");
    const page = await fresh(t);
    if (javaScriptEnabled) await page.clock.install();
    await page.goto(`${stage.issuer}/login`);
    const none = await happen("letters", { who });
    await page.fill("#email", who);
    await page.click("#continue");
    await isAskedForCode(page);
    await happen("code", { who, known: none });
    const known = await happen("letters", { who });
    if (javaScriptEnabled) {
      assert.match(await page.textContent("#resend"), /\(\d+\)$/);
      for (let second = 0; second <= 31; second += 1) await page.clock.runFor(1000);
    }
    await page.click("#resend");
    await enterCode(page, await happen("code", { who, known }));
    await page.waitForURL((url) => url.pathname.startsWith("/settings/"));
  });

  test(`somebody says no, ${how}`, async (t) => {
    const page = await fresh(t);
    const application = await new Application().start(t);
    await page.goto(application.url);
    await page.click("#start");
    await signIn(page, named("olga"));
    await page.click("#deny");
    await page.waitForURL((url) => url.origin === application.url);
    assert.equal(new URL(page.url()).searchParams.get("error"), "access_denied");
  });

  test(`sessions end, one and all others, ${how}`, async (t) => {
    const who = named("pia");
    const page = await signedIn(t, who, { javaScriptEnabled });
    const others = [];
    for (let count = 0; count < 2; count += 1) others.push(await signedIn(t, who));
    await page.reload();
    assert.equal(await page.locator("#sessions > li").count(), 3);
    await page.click("#sessions > li:not(#current-session) button");
    await page.waitForSelector("#sessions:not(:has(li:nth-child(3)))");
    await page.click("#end-others");
    await page.waitForSelector("#sessions:not(:has(li:nth-child(2)))");
    for (const other of others) {
      await other.reload();
      await other.waitForSelector("#email");
    }
  });

  test(`a language is chosen and remembered, ${how}`, async (t) => {
    const page = await fresh(t);
    await page.goto(`${stage.issuer}/login?return_to=%2Fsettings%2Fsessions`);
    await page.click("button[name=language][value=de]");
    await page.waitForSelector("html[lang=de]");
    assert.equal(new URL(page.url()).search, "?return_to=%2Fsettings%2Fsessions");
    await page.goto(`${stage.issuer}/login`);
    assert.equal(await page.getAttribute("html", "lang"), "de");
    await page.click("button[name=language][value=en]");
    await page.waitForSelector("html[lang=en]");
  });

  test(`a form that is not ours is refused and changes nothing, ${how}`, async (t) => {
    const who = named("quinn");
    const other = await signedIn(t, who);
    const page = await signedIn(t, who, { javaScriptEnabled });
    await page.evaluate(() => {
      for (const field of document.querySelectorAll("[name=csrf]")) field.value = "x".repeat(43);
    });
    const answered = page.waitForResponse((response) => response.url().endsWith("/end-others"));
    await page.click("#end-others");
    assert.equal((await answered).status(), 403);
    await page.waitForSelector("#error-title");
    await other.reload();
    await other.waitForSelector("#sessions");
  });

  test(`whoever goes back finds a page that works, ${how}`, async (t) => {
    const who = named("rosa");
    const page = await signedIn(t, who, { javaScriptEnabled });
    await page.goBack();
    assert.equal(await page.locator("h1").count(), 1);
    assert.equal(await page.locator("#error-title").count(), 0);
    await page.goto(SESSIONS);
    await page.waitForSelector("#sessions");
  });

  test(`a session that ended meanwhile changes nothing, ${how}`, async (t) => {
    const page = await signedIn(t, named("sam"), { javaScriptEnabled });
    await page.context().clearCookies();
    const answered = page.waitForResponse((response) => response.url().endsWith("/end"));
    await page.click("#current-session button");
    assert.ok([303, 403].includes((await answered).status()));
    await page.waitForSelector("#error-title, #email");
  });
}

test("a form that is sent twice is sent once", async (t) => {
  const who = "tess@example.com";
  const page = await freshPage(t);
  await page.goto(`${stage.issuer}/login`);
  await page.fill("#email", who);
  let sent = 0;
  page.on("request", (request) => { sent += request.method() === "POST" ? 1 : 0; });
  await page.dblclick("#continue");
  await page.waitForSelector("#code");
  assert.equal(sent, 1);
});

test("everything goes by keyboard", async (t) => {
  const who = "uma@example.com";
  const page = await freshPage(t);
  const application = await new Application().start(t);
  await page.goto(application.url);
  await page.click("#start");
  const known = await happen("letters", { who });
  // The field gets the focus by itself, once the page is drawn. Keys pressed before are lost.
  await page.waitForSelector("#email:focus");
  await page.keyboard.type(who);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#code:focus");
  await isAskedForCode(page);
  await page.keyboard.type(await happen("code", { who, known }));
  await page.waitForSelector("#consent");
  await tabTo(page, ".skip");
  await tabTo(page, "#allow");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.origin === application.url);
  await page.goto(SESSIONS);
  await tabTo(page, "a[href='/settings/applications']");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#applications");
  await tabTo(page, "#applications summary");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#applications details[open]");
  await tabTo(page, "#applications button");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#applications", { state: "detached" });
});

test("nothing moves for whoever asks for that", async (t) => {
  const page = await freshPage(t, { reducedMotion: "reduce" });
  await page.goto(`${stage.issuer}/dev/components`);
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
    const { transitionDuration, animationName } = getComputedStyle(element);
    return transitionDuration !== "0s" || animationName !== "none";
  }).length);
  assert.equal(moving, 0);
});

test("hostile names do nothing", async (t) => {
  const name = `"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}${"W".repeat(20)}`;
  const who = "\"v<b>\"@example.com".replaceAll(/["<>]/g, "");
  const page = await freshPage(t, {
    userAgent: `<script>alert(1)</script>"'><img src=x onerror=alert(1)>${"M".repeat(80)}`,
    viewport: { width: 320, height: 640 },
  });
  const complaints = complaintsOf(page);
  const application = await new Application({}, name).start(t);
  const narrow = async () => {
    await fits(page, page.url());
    assert.equal(await page.locator("img[src=x]").count(), 0);
  };
  await page.goto(application.url);
  await page.click("#start");
  await signIn(page, who);
  assert.ok((await page.textContent("#consent-title")).includes(name));
  await narrow();
  await page.click("#allow");
  await page.waitForURL((url) => url.origin === application.url);
  for (const path of ["/settings/applications", "/settings/sessions",
    "/login?email=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "/login?return_to=javascript:alert(1)", "/login?return_to=//evil.example/",
    "/oauth2/authorize?client_id=%3Cscript%3Ealert(1)%3C/script%3E",
    "/dev/mail/%3Cscript%3Ealert(1)%3C%2Fscript%3E.eml", "/dev/mail/..%2F..%2Fkeys.eml"]) {
    await page.goto(stage.issuer + path);
    await narrow();
  }
  assert.deepEqual(complaints, []);
});
