// What operators do, with and without script, twice, backwards, too late, and with names and places
// that somebody chose to do harm.

import assert from "node:assert/strict";
import test from "node:test";

import { Application, complaintsOf, freshPage, signIn } from "./browser.mjs";
import { follow, operate, PAT, person, quarantined, signInAs, token } from "./operator.mjs";
import { happen, stage } from "./stage.mjs";
import { fits } from "./tour.mjs";

const ROOT = "root@operating.example";
const kept = {};
const at = (path) => stage.issuer + path;
const operator = (t, options) => operate(t, ROOT, options, kept);

/** Looks again until something is there. */
async function until(page, selector) {
  const deadline = Date.now() + 30_000;
  while ((await page.locator(selector).count()) === 0) {
    assert.ok(Date.now() < deadline, `${selector} is never there`);
    await page.reload();
  }
}

async function lookUp(page, text) {
  await page.goto(at("/admin/tokens"));
  await page.fill("#lookup-token", text);
  await page.click("#lookup button");
  await page.waitForSelector("#admin-title");
}

/** Says whose tokens are meant, and has them counted. */
async function count(page, field, value) {
  await page.goto(at("/admin/revocations"));
  await page.fill(`#revoke-${field}`, value);
  await page.click("#revoke button");
  await page.waitForSelector("#revoke .danger");
  return page.textContent("dl.facts dd >> nth=0");
}

/** Three letters to somebody that were given up. */
async function deadLetters(who) {
  await person(who, "Bob");
  for (const place of ["one", "two", "three"]) {
    const made = await token(who, place);
    const known = await happen("letters", { who });
    await happen("leak", { token: made.token, kind: PAT, place: `https://a.example/${place}` });
    await happen("letter", { who, known });
  }
  // A letter is in its folder a moment before the outbox says so.
  let dead = 0;
  while (dead < 3) dead += await happen("before", { what: "letters_given_up", who });
}

const dead = (who) => `tr:has-text("${who}"):has(.badge.bad)`;

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with script" : "without script";
  const named = (name) => `${name}.${javaScriptEnabled}@operating.example`;
  const options = { javaScriptEnabled };

  test(`a pasted token is known, and revoked, ${how}`, async (t) => {
    const who = named("ida");
    await person(who, "Ida");
    const made = await token(who, "Deploys");
    const page = await operator(t, options);
    const complaints = complaintsOf(page);
    const addresses = [];
    page.on("request", (request) => addresses.push(request.url()));
    await lookUp(page, "polar_pat_that_nobody_made");
    assert.ok(await page.isVisible("#problem[role=alert]"));
    assert.equal(await page.inputValue("#lookup-token"), "");
    await lookUp(page, `  ${made.token} `);
    assert.equal(page.url(), at(`/admin/tokens/${made.id}`));
    assert.ok((await page.textContent("dl.facts")).includes(who));
    await page.click("main a[href$='/revoke']");
    await page.click("#revoke .danger");
    await page.waitForSelector("dl.facts .badge.bad");
    // Whoever goes back and sends it once more does no harm.
    await page.goBack();
    await page.click("#revoke .danger");
    await page.waitForSelector("dl.facts .badge.bad");
    assert.ok(!(await page.content()).includes(made.token));
    assert.ok(addresses.every((url) => !url.includes(made.token)));
    assert.equal(await happen("holds", { text: made.token }), false);
    assert.equal(await happen("holds", { text: made.id.slice(0, 8) }), true);
    assert.deepEqual(complaints, []);
  });

  test(`everything of somebody is counted, and revoked once, ${how}`, async (t) => {
    const who = named("joan");
    await person(who, "Joan");
    const made = [await token(who, "One"), await token(who, "Two")];
    const page = await operator(t, options);
    assert.equal(await count(page, "email", who), "2");
    const asked = page.url();
    assert.ok(!asked.includes("joan"), "an address names nobody");
    await page.dblclick("#revoke .danger");
    await page.waitForURL((url) => !url.pathname.endsWith("/new"));
    const begun = page.url();
    await page.goBack();
    await page.goto(begun);
    await until(page, "dl.facts .badge.good");
    const facts = await page.locator("dl.facts dd").allTextContents();
    assert.equal(facts.filter((fact) => fact === "2").length, 2, facts.join());
    await page.goto(at(`/admin/tokens/${made[1].id}`));
    await page.waitForSelector("dl.facts .badge.bad");
    assert.equal(await count(page, "email", who), "0");
  });

  test(`dead letters are tried again, one and then all, ${how}`, async (t) => {
    const who = named("kay");
    await deadLetters(who);
    const page = await operator(t, options);
    await page.goto(at("/admin/outbox"));
    assert.equal(await page.locator(dead(who)).count(), 3);
    await page.click(`${dead(who)} >> nth=0 >> css=a`);
    const about = await page.locator("dl.facts").textContent();
    assert.ok(about.includes(who) && about.includes("550"), about);
    await page.dblclick("#requeue [type=submit]");
    await page.waitForSelector(".callout.good");
    assert.equal(await page.locator(dead(who)).count(), 2);
    await page.click("main a[href='/admin/outbox/requeue']");
    await page.click("#requeue [type=submit]");
    await page.waitForSelector(".callout.good");
    assert.equal(await page.locator(dead(who)).count(), 0);
    await until(page, `main:not(:has-text("${who}"))`);
    await page.goto(at("/admin/outbox?after=ffffffff-ffff-7fff-bfff-ffffffffffff"));
    assert.match(await page.locator(".nothing").textContent(), /nothing further/);
  });

  test(`a quarantine is released, and another one ended, ${how}`, async (t) => {
    const who = named("lena");
    await person(who, "Lena");
    const page = await operator(t, options);
    for (const [deed, tone] of [["release", "good"], ["finish", "bad"]]) {
      const made = await quarantined(who, deed, "https://wiki.example/page");
      await page.goto(at("/admin/quarantines"));
      await page.click(`tr:has(a[href$='${made.id}']) a[href^='/admin/quarantines/']`);
      await page.click(`main a[href$='/${deed}']`);
      const asked = page.url();
      assert.equal(await page.locator(`dl.facts a[href$='/${made.id}']`).count(), 1);
      await page.click(`#${deed} .danger`);
      await page.waitForSelector(".callout.good");
      await page.goto(at(`/admin/tokens/${made.id}`));
      await page.waitForSelector(`dl.facts .badge.${tone}`);
      assert.equal((await page.goto(asked)).status(), 404, "it has ended");
    }
  });

  test(`a delivery and its answers are found by outcome, ${how}`, async (t) => {
    const who = named("mary");
    await person(who, "Mary");
    const made = await quarantined(who, "Seen", "https://wiki.example/other");
    const page = await operator(t, options);
    await page.goto(at("/admin/deliveries"));
    await page.fill("#filter-origin", "night_watch");
    await page.selectOption("#filter-outcome", "quarantine");
    await page.click("#filter button");
    await page.waitForURL((url) => url.searchParams.get("outcome") === "quarantine");
    const badges = await page.locator("td .badge").allTextContents();
    assert.ok(badges.length > 0 && badges.every((badge) => badge === badges[0]), badges.join());
    await page.click("td a[href^='/admin/deliveries/'] >> nth=0");
    assert.ok((await page.locator("dl.facts dd code").allTextContents()).includes("+"));
    await page.click("td a[href^='/admin/exposures/'] >> nth=0");
    await page.click(`dl.facts a[href='/admin/tokens/${made.id}']`);
    await page.waitForSelector("dl.facts .badge.warn");
    await page.goto(at("/admin/deliveries?outcome=observe"));
    assert.equal(await page.locator("td").count(), 0);
  });

  test(`a form that is not ours is refused and changes nothing, ${how}`, async (t) => {
    const who = named("nina");
    await person(who, "Nina");
    const made = await token(who, "Kept");
    const page = await operator(t, options);
    await page.goto(at(`/admin/tokens/${made.id}/revoke`));
    await page.evaluate(() => {
      for (const field of document.querySelectorAll("[name=csrf]")) field.value = "x".repeat(43);
    });
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await page.click("#revoke .danger");
    assert.equal((await answered).status(), 403);
    await page.goto(at(`/admin/tokens/${made.id}`));
    await page.waitForSelector("dl.facts .badge.good");
  });

  test(`who signed in too long ago signs in again and is back, ${how}`, async (t) => {
    const who = named("olga");
    const page = await freshPage(t, options);
    await signInAs(page, who);
    await page.goto(at("/admin/outbox/requeue"));
    await happen("before", { what: "sessions_aged", who, hours: 2 });
    await page.click("#requeue [type=submit]");
    await page.waitForSelector("#email");
    await signIn(page, who);
    await page.waitForSelector("#requeue");
    assert.equal(page.url(), at("/admin/outbox/requeue"));
    await page.click("#requeue [type=submit]");
    await page.waitForSelector(".callout.good");
  });
}

test("whoever has not the role finds nothing, and no way there", async (t) => {
  const who = "pat@operating.example";
  const page = await freshPage(t);
  await page.goto(at("/login?return_to=%2Fsettings%2Fsessions"));
  await signIn(page, who);
  await page.waitForSelector("#sessions");
  assert.equal(await page.locator("nav a[href^='/admin']").count(), 0);
  for (const path of ["/admin", "/admin/tokens", "/admin/audit?before=x"]) {
    assert.equal((await page.goto(at(path))).status(), 404, path);
  }
  await happen("operator", { words: ["user", "promote", "--email", who] });
  await page.goto(at("/settings/sessions"));
  await page.click("nav a[href='/admin']");
  await page.waitForSelector("#admin-title");
  await happen("operator", { words: ["user", "demote", "--email", who] });
  assert.equal((await page.reload()).status(), 404);
});

test("tokens are counted by organization and by application", async (t) => {
  const who = "rita@operating.example";
  await person(who, "Rita");
  const slug = "rita-operating";
  await happen("operator", {
    words: ["organization", "create", "--slug", slug, "--name", "Rita", "--owner", who],
  });
  await token(slug, "Shared", "organization_access_token");
  const page = await operator(t);
  assert.equal(await count(page, "slug", slug), "1");
  assert.match(await count(page, "client_id", stage.clients.basic.client_id), /^\d+$/);
  await page.goto(at("/admin/revocations"));
  await page.click("#revoke button");
  await page.waitForSelector("#problem[role=alert]");
});

test("long lists have pages", async (t) => {
  const who = "later@operating.example";
  await happen("before", { what: "letters_waiting", who, letters: 60 });
  t.after(() => happen("before", { what: "letters_gone", who }));
  const page = await operator(t);
  await page.goto(at("/admin/outbox"));
  const seen = await page.locator(`tr:has-text("${who}")`).count();
  await page.click("a[rel=next]");
  await page.waitForURL((url) => url.searchParams.has("after"));
  const more = await page.locator(`tr:has-text("${who}")`).count();
  assert.equal(seen + more, 60);
  await page.click(".pager a:not([rel])");
  await page.waitForURL((url) => !url.searchParams.has("after"));
});

test("hostile names, places and errors do nothing", async (t) => {
  const harm = `"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}${"W".repeat(60)}`;
  const who = "sue@operating.example";
  await person(who, harm.slice(0, 90));
  const application = await new Application({}, harm.slice(0, 90)).start(t);
  const made = await token(who, harm.slice(0, 90));
  await happen("report", {
    reports: [{ token: made.token, type: PAT, url: `https://a.example/${harm}`, source: harm }],
  });
  await happen("letter", { who, known: [] });
  let given = 0;
  while (given === 0) {
    given = await happen("before", { what: "letters_given_up", who, error: harm.replaceAll(/[{}]/g, "") });
  }
  const page = await operator(t, { viewport: { width: 320, height: 640 } });
  const complaints = complaintsOf(page);
  const client = application.config.clientMetadata().client_id;
  const query = encodeURIComponent(harm);
  const paths = [
    "/admin", "/admin/deliveries", `/admin/deliveries?origin=${query}`, "/admin/exposures",
    `/admin/exposures?origin=${query}`, "/admin/outbox", "/admin/quarantines", "/admin/origins",
    `/admin/tokens/${made.id}`, `/admin/tokens/${made.id}/revoke`, "/admin/audit",
    `/admin/audit?event=${query}&actor=${query}`, `/admin/audit?token=${made.id}`,
    `/admin/tokens/${query}`, `/admin/origins/${query}/reset`, `/admin?window=${query}`,
    `/admin/outbox?done=${query}`, `/admin/outbox?after=${query}`, `/admin/revocations?x=${query}`,
  ];
  const holds = async (name) => {
    await fits(page, name);
    assert.equal(await page.locator("img[src=x]").count(), 0, name);
  };
  for (const path of paths) {
    await page.goto(at(path));
    await holds(path);
  }
  await page.goto(at(`/admin/tokens/${made.id}`));
  assert.ok((await page.textContent("main")).includes("<script>alert(1)</script>"));
  await follow(page, "/admin/exposures");
  await holds("an exposure");
  await count(page, "client_id", client);
  await holds("what is counted");
  await page.goto(at("/admin/revocations"));
  await page.fill("#revoke-email", harm);
  await page.click("#revoke button");
  await page.waitForSelector("#problem");
  assert.equal(await page.inputValue("#revoke-email"), harm);
  await holds("what was typed");
  await lookUp(page, harm);
  await holds("what was pasted");
  assert.deepEqual(complaints, []);
});
