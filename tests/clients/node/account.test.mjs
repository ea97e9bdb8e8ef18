// The pages about what is somebody's own: tokens, leaks, applications, and what they look like
// while nothing is there.

import {
  APPLICATIONS, EXPOSURES, leak, makeToken, row, signInAt, TOKENS, works,
} from "./account.mjs";
import { stage } from "./stage.mjs";
import { tour } from "./tour.mjs";

const SCOPES = ["user:read", "organizations:read", "webhooks:write"];

async function follow(page, link) {
  await link.click();
  await page.waitForLoadState("load");
}

const tokens = {
  "tokens-none": TOKENS,
  "token-new": `${TOKENS}/new`,
  "token-refused": async ({ page }) => {
    await page.fill("#name", "Nightly backup");
    await page.click("#create");
    await page.waitForSelector("#scopes-problem");
  },
  "token-made": async ({ page }) => {
    await makeToken(page, TOKENS, "Nightly backup", { scopes: SCOPES });
  },
  tokens: async ({ page }) => {
    await works(await page.textContent("#secret"));
    await makeToken(page, TOKENS, "Deploys to staging", { expires: "7" });
    await makeToken(page, TOKENS, "Home automation", { expires: "never" });
    await leak(await makeToken(page, TOKENS, "Release notes"));
    await page.goto(stage.issuer + TOKENS);
    await page.click("#ended summary");
  },
  "token-rename": async ({ page }) => {
    await follow(page, row(page, "#tokens", "Home automation").locator("a[href$=rename]"));
  },
  "token-rename-refused": async ({ page }) => {
    await page.fill("#name", " ");
    await page.click("#rename");
    await page.waitForSelector("#name-problem");
  },
  "token-replace": async ({ page }) => {
    await page.goto(stage.issuer + TOKENS);
    await follow(page, row(page, "#tokens", "Nightly backup").locator("a[href$=replace]"));
  },
  "token-replaced": async ({ page }) => {
    await page.click("#replace");
    await page.waitForSelector("#replaced");
  },
  "token-revoke": async ({ page }) => {
    await page.goto(stage.issuer + TOKENS);
    const old = row(page, "#tokens", "Nightly backup").last();
    await follow(page, old.locator("a[href$=revoke]"));
  },
};

tour("tokens", tokens, ({ page, language }) =>
  signInAt(page, `grace.hopper.${language}@example.com`, TOKENS));

const exposures = {
  "exposures-none": EXPOSURES,
  exposures: async ({ page }) => {
    await leak(await makeToken(page, TOKENS, "Nightly backup", { scopes: SCOPES }), { tries: 2 });
    await leak(await makeToken(page, TOKENS, "Release notes"), { place: "https://pastebin.com/raw/x8Wm2" });
    await page.goto(stage.issuer + EXPOSURES);
  },
  exposure: async ({ page }) => {
    await follow(page, row(page, "#exposures", "Nightly backup").locator("h2 a"));
  },
};

tour("leaks", exposures, ({ page, language }) =>
  signInAt(page, `rear.admiral.${language}@example.com`, EXPOSURES));

const applications = {
  "application-new": `${APPLICATIONS}/new`,
  "application-refused": async ({ page }) => {
    await page.fill("#client_name", "Ledger");
    await page.fill("#redirect_uris", "https://ledger.example/callback");
    await page.evaluate(() => { document.querySelector("#redirect_uris").value += "\nhttp://ledger.example/"; });
    await page.click("#create");
    await page.waitForSelector("#problem");
  },
  "application-made": async ({ page }) => {
    await page.fill("#redirect_uris", "https://ledger.example/callback");
    await page.click("#create");
    await page.waitForSelector("#fresh-secret");
  },
  application: async ({ page }) => {
    await page.click("#add-secret button");
    await page.waitForSelector("#secrets > li + li");
    await page.goto(`${stage.issuer}/settings/applications`);
    await follow(page, row(page, "#own-applications", "Ledger").locator("a"));
  },
  "application-delete": async ({ page }) => follow(page, page.locator("#delete")),
  "applications-own": APPLICATIONS,
};

tour("applications", applications, ({ page, language }) =>
  signInAt(page, `konrad.zuse.${language}@example.com`, APPLICATIONS));
