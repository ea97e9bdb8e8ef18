// The whole story in a real browser: somebody signs in to an application through the service, the
// application uses its tokens, and then one of them leaks.

import assert from "node:assert/strict";
import test from "node:test";

import * as client from "openid-client";

import { Application, freshPage, isComplaint, signIn } from "./browser.mjs";
import { happen, stage } from "./stage.mjs";

const PLACE = "https://github.com/acme/ledger/blob/main/.env";

async function arrive(page, application, who) {
  await page.goto(application.url);
  await page.click("#start");
  await signIn(page, who);
  assert.match(await page.textContent("#consent-title"), /Ledger/);
  await page.click("#allow");
}

async function isWelcome(page, application, who) {
  await page.waitForURL((url) => url.origin === application.url && url.pathname === "/callback");
  assert.equal(await page.textContent("h1"), `Welcome, ${who}`);
}

async function isAlive({ config, tokens }) {
  await client.fetchUserInfo(config, tokens.access_token, client.skipSubjectCheck);
  for (const token of [tokens.access_token, tokens.refresh_token]) {
    assert.equal((await client.tokenIntrospection(config, token)).active, true);
  }
}

async function isDead({ config, tokens }) {
  await assert.rejects(
    client.fetchUserInfo(config, tokens.access_token, client.skipSubjectCheck), { status: 401 });
  await assert.rejects(
    client.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
  for (const token of [tokens.access_token, tokens.refresh_token]) {
    assert.deepEqual(await client.tokenIntrospection(config, token), { active: false });
  }
}

test("somebody signs in, and everything dies when a token leaks", async (t) => {
  const who = "lea@example.com";
  const page = await freshPage(t);
  const application = await new Application().start(t);
  await arrive(page, application, who);
  await isWelcome(page, application, who);
  await isAlive(application);

  const { config } = application;
  const refreshed = await client.refreshTokenGrant(config, application.tokens.refresh_token);
  application.tokens = { ...application.tokens, ...refreshed };
  await isAlive(application);

  const known = await happen("letters", { who });
  const verdict = await happen("leak", {
    token: application.tokens.refresh_token,
    kind: "polar_refresh_token",
    place: PLACE,
  });
  assert.equal(verdict.label, "true_positive");
  await isDead(application);
  const letter = await happen("letter", { who, known });
  assert.ok(letter.text.includes("Ledger"), letter.text);
  assert.ok(letter.text.includes(PLACE), letter.text);

  // The browser is still signed in, and what was allowed is remembered.
  await page.goto(application.url);
  await page.click("#start");
  await isWelcome(page, application, who);
  await isAlive(application);
  await client.tokenRevocation(config, application.tokens.refresh_token);
  await isDead(application);
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : " without script";
  for (const mode of ["query", "form_post"]) {
    test(`somebody signs in${how}, answered by ${mode}`, async (t) => {
      const who = `kim.${mode}.${javaScriptEnabled}@example.com`;
      const page = await freshPage(t, { javaScriptEnabled });
      const application = await new Application({ response_mode: mode }).start(t);
      const complaints = [];
      page.on("console", (message) => {
        if (message.location().url.endsWith("/favicon.ico") || !isComplaint(message.text())) return;
        complaints.push(message.text());
      });
      await arrive(page, application, who);
      if (mode === "form_post" && !javaScriptEnabled) await page.click("#continue");
      await isWelcome(page, application, who);

      // Signed out, they sign in again and are led through, for what they allowed is remembered.
      await page.context().clearCookies();
      await page.goto(application.url);
      await page.click("#start");
      await signIn(page, who);
      if (mode === "form_post" && !javaScriptEnabled) await page.click("#continue");
      await isWelcome(page, application, who);
      assert.deepEqual(complaints, []);
    });
  }
}

test("somebody takes back what they allowed", async (t) => {
  const who = "noor@example.com";
  const page = await freshPage(t);
  const application = await new Application().start(t);
  await arrive(page, application, who);
  await isWelcome(page, application, who);
  await page.goto(`${stage.issuer}/settings/applications`);
  await page.click("#applications button");
  await page.waitForSelector("#applications", { state: "detached" });
  await isDead(application);
});
