// Every page, in both languages and both themes, wide and on the narrowest telephone: no violation
// that axe finds, valid HTML, nothing beside the screen, little to load.
// scripts/screenshots keeps pictures of each, and of each kind of letter.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

import axe from "axe-core";
import { HtmlValidate } from "html-validate";

import { Application, complaintsOf, enterCode, freshPage, signIn } from "./browser.mjs";
import { happen, stage } from "./stage.mjs";

const WIDE = { width: 1100, height: 720 };
const NARROW = { width: 320, height: 640 };
const MOST_BYTES = 50 * 1024;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const validator = new HtmlValidate({
  extends: ["html-validate:standard"],
  rules: {
    // Matters of style, not of validity.
    "no-trailing-whitespace": "off",
    "long-title": "off",
    "no-inline-style": "error",
    "prefer-native-element": "error",
  },
});

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

async function picture(page, name) {
  if (stage.screenshots) {
    await page.screenshot({ path: `${stage.screenshots}/${name}.png`, fullPage: true });
  }
}

/** What differs from run to run and says nothing. */
async function settle(page) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      texts.currentNode.data = texts.currentNode.data
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "019b7a3c-0000-7000-8000-000000000001")
        .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:3000")
        .replace(/^    [A-Z0-9]{6}$/gm, "    K7Q2MX");
    }
    for (const button of document.querySelectorAll("button[data-wait]")) {
      button.textContent = button.textContent.replace(/\d+/, "30");
    }
  });
}

async function fits(page, name) {
  const [is, may] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(is <= may, `${name} is ${is} wide on a screen of ${may}`);
}

async function isAccessible(page, name) {
  const { violations } = await page.evaluate(
    (values) => axe.run(document, { iframes: false, runOnly: { type: "tag", values } }), RULES);
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(told, [], name);
}

async function isValid(html, name) {
  const { results } = await validator.validateString(html);
  const told = results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, line }) => `${line} ${ruleId}: ${message}`));
  assert.deepEqual(told, [], name);
}

async function look(page, name, language) {
  const called = language === "en" ? name : `${name}-de`;
  assert.equal(await page.getAttribute("html", "lang"), language, called);
  assert.equal(await page.locator("h1").count(), 1, `${called} has one heading`);
  await page.evaluate(axe.source);
  if (stage.screenshots) await settle(page);
  await fits(page, called);
  await isAccessible(page, called);
  await picture(page, called);
  await page.emulateMedia({ colorScheme: "dark" });
  await isAccessible(page, `${called}, dark`);
  if (language === "en") await picture(page, `${called}-dark`);
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(NARROW);
  await fits(page, `${called}, narrow`);
  if (language === "en") await picture(page, `${called}-narrow`);
  await page.setViewportSize(WIDE);
}

for (const language of ["en", "de"]) {
  test(`every page in ${language}`, async (t) => {
    // axe is a script of ours in their page; colours on their way from one theme to the other are
    // those of neither.
    const page = await freshPage(t, {
      viewport: WIDE, locale: language, bypassCSP: true, reducedMotion: "reduce",
    });
    const who = `ada.lovelace.${language}@analytical-engines.example.com`;
    const known = await happen("letters", { who });
    const application = await new Application().start(t);
    // Each file counts once, however many pages lead to the one that is looked at.
    const assets = new Map();
    let document;
    page.on("response", (response) => {
      if (!response.url().startsWith(stage.issuer) || response.status() === 303) return;
      if (response.request().resourceType() === "document" && response.frame() === page.mainFrame()) {
        // One that is left before it is read is none that is looked at.
        document = response.text().catch(() => "");
      } else if (response.url().includes("/assets/")) {
        assets.set(response.url(), Number(response.headers()["content-length"]));
      }
    });
    for (const [name, way] of Object.entries(pages)) {
      await t.test(name, async () => {
        assets.clear();
        if (typeof way === "string") await page.goto(stage.issuer + way);
        else await way({ t, page, application, who, known, language });
        await page.waitForLoadState("networkidle");
        const html = await document;
        assert.notEqual(html, "", name);
        await isValid(html, name);
        const files = [...assets.values()].reduce((sum, size) => sum + size, 0);
        assert.ok(files > 0 && html.length + files < MOST_BYTES, `${html.length} + ${files}`);
        await look(page, name, language);
      });
    }
  });
}

/** Letters as the snapshots of their words hold them: the same ones each time. */
function letters() {
  const files = readdirSync(stage.letters).filter((name) => name.endsWith(".html.snap"));
  return files.map((file) => {
    const [, , ...rest] = readFileSync(`${stage.letters}/${file}`, "utf8").split(/^---\n/m);
    return [file.split("__").at(-1).replace(".html.snap", "").replaceAll("_", "-"), rest.join("---\n")];
  });
}

test("every letter", async (t) => {
  const page = await freshPage(t, { viewport: { width: 720, height: 640 } });
  for (const [name, html] of letters()) {
    await t.test(name, async () => {
      assert.ok(html.length < 20 * 1024, `${html.length} bytes`);
      await page.setContent(html);
      await page.evaluate(axe.source);
      await fits(page, name);
      await isAccessible(page, name);
      await picture(page, `letter-${name}`);
      await page.emulateMedia({ colorScheme: "dark" });
      await isAccessible(page, `${name}, dark`);
      await picture(page, `letter-${name}-dark`);
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize(NARROW);
      await fits(page, `${name}, narrow`);
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
