// What holds for every page, and a walk through some of them: no violation that axe finds in either
// theme, valid HTML, nothing beside the screen however narrow, little to load.

import assert from "node:assert/strict";
import test from "node:test";

import axe from "axe-core";
import { HtmlValidate } from "html-validate";

import { freshPage } from "./browser.mjs";
import { stage } from "./stage.mjs";

const WIDE = { width: 1100, height: 720 };
export const NARROW = { width: 320, height: 640 };
// Pages of which pictures are kept in German as well: each shows other parts.
const ALSO_IN_GERMAN = ["code", "consent", "tokens", "exposure", "error", "dev-components"];
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

export async function picture(page, name) {
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
        .replace(/…[0-9a-f]{8}$/, "…00000001")
        .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:3000")
        .replace(/^    [A-Z0-9]{6}$/gm, "    K7Q2MX")
        .replace(/(polar_[a-z]+_)(\w{43})/g, (_, kind, text) => kind + "K7Q2MXw9".repeat(6).slice(0, text.length))
        .replace(/…\w{4}$/, "…w9K7");
    }
    // It would stand in the middle of the picture of a whole page.
    for (const bar of document.querySelectorAll(".stay")) bar.style.position = "static";
    const { lang } = document.documentElement;
    const exact = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" });
    for (const time of document.querySelectorAll("time:not([title])")) {
      time.textContent = exact.format(new Date(2026, 10, 27, 9, 14));
    }
    for (const button of document.querySelectorAll("button[data-wait]")) {
      button.textContent = button.textContent.replace(/\d+/, "30");
    }
  });
}

export async function fits(page, name) {
  // Until its styles are there a page has any width.
  await page.waitForLoadState("load");
  const [is, may] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(is <= may, `${name} is ${is} wide on a screen of ${may}`);
}

export async function isAccessible(page, name) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
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
  if (stage.screenshots) await settle(page);
  await fits(page, called);
  if (language === "en") await isAccessible(page, called);
  if (language === "en" || ALSO_IN_GERMAN.includes(name)) await picture(page, called);
  // What axe looks at, colours above all, is the same in every language.
  if (language === "en") {
    await page.emulateMedia({ colorScheme: "dark" });
    await isAccessible(page, `${called}, dark`);
    await picture(page, `${called}-dark`);
    await page.emulateMedia({ colorScheme: "light" });
  }
  await page.setViewportSize(NARROW);
  await fits(page, `${called}, narrow`);
  if (language === "en") await picture(page, `${called}-narrow`);
  await page.setViewportSize(WIDE);
}

/**
 * Looks at pages, one after the other, in a browser that speaks `language`. `pages` has a way to each
 * by its name: an address, or what is done with what `meet` returned, `page`, `t` and `language`.
 */
export function tour(title, pages, meet, languages = ["en", "de"]) {
  for (const language of languages) {
    test(`${title} in ${language}`, async (t) => {
      // axe is a script of ours in their page; colours on their way from one theme to the other are
      // those of neither.
      const page = await freshPage(t, {
        viewport: WIDE, locale: language, bypassCSP: true, reducedMotion: "reduce",
      });
      const met = await meet({ t, page, language });
      // Each file counts once, however many pages lead to the one that is looked at.
      const assets = new Map();
      let document;
      page.on("response", (response) => {
        if (!response.url().startsWith(stage.issuer) || response.status() === 303) return;
        if (response.request().resourceType() === "document" && response.frame() === page.mainFrame()) {
          // One that is left before it is read is none that is looked at.
          document = response.body().catch(() => Buffer.of());
        } else if (response.url().includes("/assets/")) {
          assets.set(response.url(), Number(response.headers()["content-length"]));
        }
      });
      for (const [name, way] of Object.entries(pages)) {
        await t.test(name, async () => {
          assets.clear();
          if (typeof way === "string") await page.goto(stage.issuer + way);
          else await way({ ...met, t, page, language });
          await page.waitForLoadState("load");
          const html = await document;
          assert.notEqual(html.length, 0, name);
          await isValid(html.toString(), name);
          const files = [...assets.values()].reduce((sum, size) => sum + size, 0);
          assert.ok(files > 0 && html.length + files < MOST_BYTES, `${html.length} + ${files}`);
          await look(page, name, language);
        });
      }
    });
  }
}
