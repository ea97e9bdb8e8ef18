// What people do with what is theirs, with and without script: tokens from the first to the last day,
// a leak, applications, an organization; twice, too late, by keyboard, and with names chosen to do harm.

import assert from "node:assert/strict";
import test from "node:test";

import {
  APPLICATIONS, EXPOSURES, leak, makeToken, PLACE, row, signedInAt, TOKENS, works,
} from "./account.mjs";
import { complaintsOf, signIn, tabTo } from "./browser.mjs";
import { happen, stage } from "./stage.mjs";
import { fits, NARROW } from "./tour.mjs";

const go = (page, path) => page.goto(stage.issuer + path);

async function follow(page, link, then) {
  await link.click();
  await page.waitForSelector(then);
}

/** Makes an application, and is on its page then. */
async function makeApplication(page, name) {
  await go(page, `${APPLICATIONS}/new`);
  await page.fill("#client_name", name);
  await page.fill("#redirect_uris", "https://ledger.example/callback");
  await page.click("#create");
  await page.waitForSelector("#fresh-secret");
}

const found = async (slug, name, owner) => happen("organization", {
  words: ["create", "--slug", slug, "--name", name, "--owner", owner],
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with script" : "without script";
  const named = (name) => `${name}.${javaScriptEnabled}@example.com`;
  const options = { javaScriptEnabled };

  test(`a token from its first to its last day, ${how}`, async (t) => {
    const page = await signedInAt(t, named("alba"), TOKENS, options);
    const complaints = complaintsOf(page);
    const first = await makeToken(page, TOKENS, "backup");
    assert.ok((await page.textContent("#command")).includes(`Bearer ${first}`));
    assert.ok(await works(first));
    await page.click("#done-here");
    assert.ok(!(await page.content()).includes(first), "it is shown once");

    await follow(page, row(page, "#tokens", "backup").locator("a[href$=rename]"), "#name");
    await page.fill("#name", "nightly");
    await page.click("#rename");
    await page.waitForSelector("#done");
    await follow(page, row(page, "#tokens", "nightly").locator("a[href$=replace]"), "#replace");
    await page.click("#replace");
    await page.waitForSelector("#replaced");
    const second = await page.textContent("#secret");
    assert.ok(await works(first) && await works(second), "both work for a day");

    await go(page, TOKENS);
    const old = row(page, "#tokens", "nightly").filter({ hasText: `…${first.slice(-4)}` });
    await follow(page, old.locator("a[href$=revoke]"), "#breaks");
    await page.click("#revoke");
    await page.waitForSelector("#ended");
    assert.ok(!(await works(first)) && await works(second));
    assert.deepEqual(complaints, []);
  });

  test(`a leak, from its letter to a new token, ${how}`, async (t) => {
    const who = named("bea");
    const page = await signedInAt(t, who, TOKENS, options);
    const token = await makeToken(page, TOKENS, "deploys", { scopes: ["orders:read"] });
    const known = await happen("letters", { who });
    await leak(token, { tries: 1 });
    const letter = await happen("letter", { who, known });
    assert.ok(letter.text.includes(PLACE), letter.text);

    await go(page, EXPOSURES);
    await follow(page, row(page, "#exposures", "deploys").locator("h2 a"), "#tried");
    const link = page.locator("#timeline a");
    assert.match(await link.textContent(), /github\.com/);
    assert.deepEqual([await link.getAttribute("href"), await link.getAttribute("rel")],
      [PLACE, "noreferrer noopener"]);
    await page.locator("#steps input").last().check();
    await page.reload();
    assert.equal(await page.locator("#steps input:checked").count(), javaScriptEnabled ? 1 : 0);

    await follow(page, page.locator("#steps .button").first(), "#token-new");
    assert.equal(await page.inputValue("#name"), "deploys");
    assert.ok(await page.isChecked("[value='orders:read']"));
    await page.click("#create");
    await page.waitForSelector("#secret");
    assert.ok(await works(await page.textContent("#secret")) && !(await works(token)));
  });

  test(`an application of one's own, ${how}`, async (t) => {
    const page = await signedInAt(t, named("cleo"), APPLICATIONS, options);
    await go(page, `${APPLICATIONS}/new`);
    await page.fill("#client_name", "Ledger");
    await page.fill("#redirect_uris", "https://ledger.example/callback\nhttp://ledger.example/");
    await page.click("#create");
    // Who has script is told before it is sent.
    if (!javaScriptEnabled) await page.waitForSelector("#redirect_uris-problem");
    const told = javaScriptEnabled
      ? await page.$eval("#redirect_uris", (field) => field.validationMessage)
      : await page.textContent("#redirect_uris-problem");
    assert.ok(told.includes("http://ledger.example/"), told);
    assert.match(await page.inputValue("#redirect_uris"), /callback\nhttp:/);
    await page.fill("#redirect_uris", "https://ledger.example/callback");
    await page.click("#create");
    await page.waitForSelector("#fresh-secret");
    const secret = await page.textContent("#secret");

    await page.click("#add-secret button");
    await page.waitForSelector("#secrets > li + li");
    assert.notEqual(await page.textContent("#secret"), secret);
    await page.click("#add-secret button");
    await page.waitForSelector("#problem");
    await row(page, "#secrets", `…${secret.slice(-4)}`).locator("button").click();
    await page.waitForSelector("#done");
    await follow(page, page.locator("#trial"), "#consent");
    assert.match(await page.textContent("#consent-title"), /Ledger/);
    await go(page, APPLICATIONS);
    await follow(page, row(page, "#own-applications", "Ledger").locator("a"), "#delete");
    await follow(page, page.locator("#delete"), "#deletion");
    await page.click("#deletion button");
    await page.waitForSelector("#done");
    assert.equal(await page.locator("#own-applications").count(), 0);
  });

  test(`an organization is joined and left, ${how}`, async (t) => {
    const [owner, member] = [named("dora"), named("emil")];
    const slug = `orchard-${javaScriptEnabled}`;
    const here = `/organizations/${slug}`;
    const joining = await signedInAt(t, member, "/organizations", options);
    await joining.waitForSelector(".empty");
    const page = await signedInAt(t, owner, "/organizations", options);
    await found(slug, "Orchard", owner);
    await go(page, here);
    await page.fill("#add-member-email", member);
    await page.click("#add-member button");
    await row(page, "#members", member).waitFor();

    await go(joining, here);
    assert.equal(await joining.locator("#add-member, .tabs").count(), 0, "members manage nothing");
    await follow(page, row(page, "#members", member).locator("a"), "#set-role");
    await page.selectOption("#set-role-role", "admin");
    await page.click("#set-role button");
    await row(page, "#members", member).filter({ hasText: "Admin" }).waitFor();
    const token = await makeToken(joining, `${here}/tokens`, "pickers");
    assert.ok(await works(token));

    await go(joining, here);
    await follow(joining, row(joining, "#members", member).locator("a"), "#remove");
    await joining.click("#remove button");
    await joining.waitForSelector(".empty");
    assert.equal((await go(joining, here)).status(), 404);
    assert.ok(await works(token), "what the organization has goes on working");
    await go(page, here);
    assert.equal(await row(page, "#members", member).count(), 0);
  });
}

test("a form for a token makes one, however often it is sent", async (t) => {
  const page = await signedInAt(t, "fay@example.com", TOKENS);
  await go(page, `${TOKENS}/new`);
  await page.fill("#name", "once");
  await page.check("[name=scopes][value='user:read']");
  const form = await page.$eval("#token-new", (form) => Object.fromEntries(new FormData(form)));
  await page.dblclick("#create");
  await page.waitForSelector("#secret");
  const again = await page.request.post(`${stage.issuer}${TOKENS}/new`, { form });
  assert.match(await again.text(), /id="shown-before"/);
  await page.goBack();
  await page.waitForSelector("#token-new, #secret");
  await go(page, TOKENS);
  assert.equal(await page.locator("#tokens > li").count(), 1);
});

test("what was typed is still there for whoever has to sign in again", async (t) => {
  const who = "gus@example.com";
  const page = await signedInAt(t, who, TOKENS);
  await makeToken(page, TOKENS, "old name");
  const submitted = async (button) => {
    await page.context().clearCookies();
    await follow(page, page.locator(button), "#email");
    await signIn(page, who);
  };
  await go(page, TOKENS);
  await follow(page, page.locator("#tokens a[href$=rename]"), "#rename");
  await page.fill("#name", "new name");
  await submitted("#rename");
  await page.waitForSelector("#token-rename");
  assert.equal(await page.inputValue("#name"), "new name");

  await go(page, TOKENS);
  await follow(page, page.locator("#tokens a[href$=replace]"), "#replace");
  await page.fill("#name", "other");
  await page.check("[name=expires][value='90']");
  await page.check("[name=overlap][value='168']");
  await submitted("#replace");
  await page.waitForSelector("#token-replace");
  assert.equal(await page.inputValue("#name"), "other");
  assert.ok(await page.isChecked("[value='90']") && await page.isChecked("[value='168']"));

  await found("gus", "Gus and sons", who);
  await go(page, "/organizations/gus");
  await page.fill("#add-member-email", "ally@example.com");
  await page.selectOption("#add-member-role", "finance");
  await submitted("#add-member button");
  await page.waitForSelector("#add-member");
  assert.equal(await page.inputValue("#add-member-email"), "ally@example.com");
  assert.equal(await page.inputValue("#add-member-role"), "finance");

  await makeApplication(page, "Ledger");
  await page.fill("#client_name", "Ledger & sons");
  await submitted("#save");
  await page.waitForSelector("#unsaved");
  assert.equal(await page.inputValue("#client_name"), "Ledger & sons");
  await page.click("#save");
  await page.waitForSelector("#done");
  assert.equal(await page.textContent("#application-title"), "Ledger & sons");
});

test("forms that are not ours change nothing", async (t) => {
  const who = "hal@example.com";
  const page = await signedInAt(t, who, TOKENS);
  const token = await makeToken(page, TOKENS, "mine");
  await makeApplication(page, "Mine");
  const application = new URL(await page.getAttribute("#delete", "href"), stage.issuer).pathname;
  await found("hals", "Hal's", who);
  await go(page, TOKENS);
  const revoke = await page.getAttribute("#tokens a[href$=revoke]", "href");
  for (const [path, form] of [[revoke, "#token-revoke"], [application, "#deletion"],
    [application.replace("/delete", ""), "#add-secret"], ["/organizations/hals", "#add-member"]]) {
    await go(page, path);
    await page.$eval(form, (form) => {
      form.elements.csrf.value = "x".repeat(43);
      form.noValidate = true;
    });
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await page.click(`${form} button`);
    assert.equal((await answered).status(), 403, form);
    await page.waitForSelector("#error-title");
  }
  assert.ok(await works(token));
  await go(page, application.replace("/delete", ""));
  assert.equal(await page.locator("#secrets > li").count(), 1);
});

test("a token is made and revoked by keyboard", async (t) => {
  const page = await signedInAt(t, "ida@example.com", TOKENS);
  await go(page, TOKENS);
  await tabTo(page, "#new-token");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#token-new");
  await tabTo(page, "#name");
  await page.keyboard.type("typed");
  await tabTo(page, "[name=scopes][value='webhooks:write']", 100);
  await page.keyboard.press("Space");
  await tabTo(page, "#create");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#secret");
  await tabTo(page, "#done-here");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#tokens");
  await tabTo(page, "#tokens summary");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#tokens details[open]");
  await tabTo(page, "a[href$=revoke]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#breaks");
  await tabTo(page, "#revoke");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#ended");
});

const HOSTILE = [
  `"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}`,
  `</title><b onmouseover=alert(1)>x</b>`,
  "W".repeat(100),
];
// Turns round what stands behind it.
const TURNED = "\u202Egnp.exe\u2066 <b onmouseover=alert(1)>x</b>";
const PLACES = [
  "javascript:alert(1)//https://github.com/",
  "https://user@evil.example/",
  `https://evil.example/"><script>alert(1)</script>`,
  `https://github.com/${"w".repeat(400)}`,
  "\u202Ehttps://evil.example/",
];

async function everyPage(page, paths) {
  for (const path of paths) {
    await go(page, path);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
    await fits(page, path);
    assert.equal(await page.locator("img[src=x], main [onmouseover], main script").count(), 0, path);
    assert.equal(await page.locator("main a:not([href^='/'])").evaluateAll((links) =>
      links.filter(({ protocol, username }) => !/^https?:$/.test(protocol) || username).length), 0);
  }
}

const hrefs = (page, selector) => page.locator(selector).evaluateAll((links) =>
  links.map((link) => link.getAttribute("href")));

test("hostile names and places of tokens do nothing", async (t) => {
  const page = await signedInAt(t, "jo@example.com", TOKENS, { viewport: NARROW });
  const complaints = complaintsOf(page);
  for (const name of [...HOSTILE, TURNED]) await makeToken(page, TOKENS, name);
  await go(page, TOKENS);
  const paths = await hrefs(page, "#tokens .buttons a");
  for (const place of PLACES) {
    await leak(await makeToken(page, TOKENS, HOSTILE[0]), { place });
  }
  await go(page, EXPOSURES);
  const stories = await hrefs(page, "#exposures h2 a");
  assert.deepEqual([paths.length, stories.length], [12, 5]);
  await everyPage(page, [TOKENS, EXPOSURES, ...paths, ...stories,
    `${TOKENS}/new?name=${encodeURIComponent(HOSTILE[0])}&expires=%22%3E&date=%22%3E`]);
  assert.deepEqual(complaints, []);
});

test("hostile names and addresses of applications and organizations do nothing", async (t) => {
  const who = "kit@example.com";
  const page = await signedInAt(t, who, APPLICATIONS, { viewport: NARROW });
  const complaints = complaintsOf(page);
  for (const [index, name] of HOSTILE.entries()) {
    await makeApplication(page, name);
    await found(`hostile-${index}`, name, who);
  }
  await go(page, `${APPLICATIONS}/new`);
  await page.fill("#client_name", TURNED);
  await page.fill("#redirect_uris", "https://ledger.example/");
  await page.click("#create");
  await page.waitForSelector("#client_name-problem");
  assert.equal(await page.inputValue("#client_name"), TURNED);
  await fits(page, "a name that is refused");

  await go(page, APPLICATIONS);
  const applications = await hrefs(page, "#own-applications a");
  const organizations = HOSTILE.map((_, index) => `/organizations/hostile-${index}`);
  assert.equal(applications.length, 3);
  await everyPage(page, [APPLICATIONS, "/organizations", ...applications,
    ...applications.map((path) => `${path}/delete`),
    ...organizations.flatMap((path) => [path, `${path}/tokens`, `${path}/tokens/new`, `${path}/exposures`]),
  ]);
  for (const uri of ["javascript:alert(1)", `"></textarea><script>alert(1)</script>`, "w".repeat(400)]) {
    await go(page, applications[0]);
    await page.$eval("#redirect_uris", (field, uri) => { field.value = uri; }, uri);
    await page.click("#save");
    await page.waitForSelector("#redirect_uris-problem");
    assert.equal(await page.inputValue("#redirect_uris"), uri);
    await fits(page, uri);
  }
  assert.deepEqual(complaints, []);
});
