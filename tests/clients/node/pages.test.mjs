// The pages that people meet when they sign in, and every kind of letter.
// scripts/screenshots keeps pictures of each.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

import { Application, complaintsOf, enterCode, freshPage, signIn } from "./browser.mjs";
import { happen, stage } from "./stage.mjs";
import { fits, isAccessible, NARROW, picture, tour } from "./tour.mjs";

// Each page and how one gets there from the one before: an address, or what is done.
const pages = {
  login: async ({ page, application }) => {
    await page.goto(application.url);
    await page.click("#start");
  },
  code: async ({ page, who }) => {
    await page.fill("#email", who);
    await page.click("#continue");
    await page.waitForSelector("#code");
  },
  "wrong-code": async ({ page }) => {
    await enterCode(page, "ZZZZZZ");
    await page.waitForSelector("#problem");
  },
  consent: async ({ page, who, known }) => {
    await enterCode(page, await happen("code", { who, known }));
    await page.waitForSelector("#consent");
  },
  applications: async ({ page, application }) => {
    await page.click("#allow");
    await page.waitForURL((url) => url.origin === application.url);
    await page.goto(`${stage.issuer}/settings/applications`);
  },
  sessions: "/settings/sessions",
  error: "/oauth2/authorize?client_id=nobody",
  "dev-components": "/dev/components",
  "dev-mail": "/dev/mail",
  "dev-letter": async ({ page }) => {
    await page.click("#letters a");
    await page.waitForSelector("#headers", { state: "attached" });
  },
  "sign-out": "/oauth2/logout",
  "signed-out": async ({ page }) => {
    await page.click("#confirm-sign-out");
    await page.waitForSelector("#signed-out-title");
  },
  "no-applications": async ({ t, page, language }) => {
    await page.goto(`${stage.issuer}/login`);
    await signIn(page, `new.${language}@example.com`);
    await page.goto(`${stage.issuer}/settings/applications`);
  },
};

tour("signing in", pages, async ({ t, language }) => {
  const who = `ada.lovelace.${language}@analytical-engines.example.com`;
  const known = await happen("letters", { who });
  return { who, known, application: await new Application().start(t) };
});

// Letters that are kept in both themes; the others look like them.
const IN_BOTH_THEMES = ["login-code", "personal-access-token", "leaked-again"];

// Letters that differ from another in a sentence or two: looked at, but not kept.
const ALIKE = ["access-token", "authorization-code", "registration-token", "customer-session-token",
  "organization-access-token-to-its-creator", "already-expired", "not-revoked-and-dead",
  "quarantine-released-dead"];

/** One letter of each kind, as the snapshots of their words hold them: the same ones each time. */
function letters() {
  const kept = /__every__(.+)\.(en|de)\.html\.snap$/;
  const files = readdirSync(stage.letters).filter((name) => kept.test(name));
  return files.map((file) => {
    const [, , ...rest] = readFileSync(`${stage.letters}/${file}`, "utf8").split(/^---\n/m);
    const [, name, language] = kept.exec(file);
    return { name, language, html: rest.join("---\n") };
  });
}

test("every letter", async (t) => {
  const page = await freshPage(t, { viewport: { width: 720, height: 640 } });
  const all = letters();
  assert.ok(all.length > 20, "there are letters");
  for (const { name: kind, language, html } of all) {
    const name = language === "en" ? kind : `${kind}-${language}`;
    await t.test(name, async () => {
      assert.ok(html.length < 20 * 1024, `${html.length} bytes`);
      await page.setContent(html);
      await fits(page, name);
      await isAccessible(page, name);
      if (!ALIKE.includes(name)) await picture(page, `letter-${name}`);
      await page.emulateMedia({ colorScheme: "dark" });
      await isAccessible(page, `${name}, dark`);
      if (IN_BOTH_THEMES.includes(name)) await picture(page, `letter-${name}-dark`);
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize(NARROW);
      await fits(page, `${name}, narrow`);
      if (IN_BOTH_THEMES.includes(name)) await picture(page, `letter-${name}-narrow`);
      await page.setViewportSize({ width: 720, height: 640 });
    });
  }
});

test("nothing complains under the policy that pages have", async (t) => {
  const page = await freshPage(t);
  const complaints = complaintsOf(page);
  for (const path of ["/login", "/dev/components", "/dev/mail"]) {
    await page.goto(stage.issuer + path);
  }
  await page.click("#letters a");
  const frame = page.frameLocator("iframe.letter");
  await frame.locator("h1").waitFor();
  assert.deepEqual(complaints, []);
});
