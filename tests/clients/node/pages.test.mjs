// What every page looks like: on a wide screen, on the narrowest telephone, in the dark.
// scripts/test-clients --screenshots FOLDER keeps the pictures.

import assert from "node:assert/strict";
import test from "node:test";

import { Application, freshPage, signIn } from "./browser.mjs";
import { happen, stage } from "./stage.mjs";

const screens = {
  wide: { viewport: { width: 1200, height: 800 } },
  narrow: { viewport: { width: 320, height: 640 } },
  dark: { viewport: { width: 800, height: 700 }, colorScheme: "dark" },
};

async function look(page, screen, name) {
  if (stage.screenshots) {
    await page.screenshot({ path: `${stage.screenshots}/${name}-${screen}.png`, fullPage: true });
  }
  const sizes = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(sizes[0] <= sizes[1], `${name} is ${sizes[0]} wide on a screen of ${sizes[1]}`);
  assert.equal(await page.locator("h1").count(), 1, `${name} has one heading`);
}

for (const [screen, options] of Object.entries(screens)) {
  test(`pages fit a screen that is ${screen}`, async (t) => {
    const who = `a.rather.long.address.for.a.${screen}.screen@subdomain.example.com`;
    const page = await freshPage(t, options);
    const application = await new Application().start(t);
    await page.goto(application.url);
    await page.click("#start");
    await look(page, screen, "login");

    const known = await happen("letters", { who });
    await page.fill("#email", who);
    await page.click("#login button");
    await page.waitForSelector("#code");
    await look(page, screen, "code");
    await page.fill("#code", "ZZZZZZ");
    await page.click("#verify");
    await page.waitForSelector("#problem");
    await look(page, screen, "wrong-code");
    await page.fill("#code", await happen("code", { who, known }));
    await page.click("#verify");

    await page.waitForSelector("#consent");
    await look(page, screen, "consent");
    await page.click("#allow");
    await page.waitForURL((url) => url.origin === application.url);

    const another = await freshPage(t);
    await another.goto(`${stage.issuer}/login`);
    await signIn(another, who);
    await page.goto(`${stage.issuer}/settings/sessions`);
    await look(page, screen, "sessions");
    await page.goto(`${stage.issuer}/settings/applications`);
    await look(page, screen, "applications");
    await page.goto(`${stage.issuer}/oauth2/authorize?client_id=nobody`);
    await look(page, screen, "error");
    await page.goto(`${stage.issuer}/settings/sessions`);
    await page.click("#sign-out");
    await page.waitForLoadState();
    await look(page, screen, "signed-out");
  });
}
