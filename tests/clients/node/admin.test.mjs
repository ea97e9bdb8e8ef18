// The pages of those who operate the service: each is looked at, empty and full.

import { busyDay, follow, signInAs } from "./operator.mjs";
import { happen, stage } from "./stage.mjs";
import { tour } from "./tour.mjs";

const empty = {
  "admin-no-deliveries": "/admin/deliveries?origin=nobody",
  "admin-no-exposures": "/admin/exposures?origin=nobody",
  "admin-no-audit": "/admin/audit?event=nothing",
  "admin-no-letters": "/admin/outbox?after=ffffffff-ffff-7fff-bfff-ffffffffffff",
  "admin-no-quarantines": "/admin/quarantines?after=9000000000000_ffffffff-ffff-7fff-bfff-ffffffffffff",
};

// Each page and how one gets there: an address, or what is done.
const full = {
  admin: "/admin",
  "admin-month": async ({ page }) => {
    await page.goto(`${stage.issuer}/admin?window=month`);
    await page.click("details > summary");
  },
  "admin-deliveries": "/admin/deliveries",
  "admin-delivery": ({ page }) => follow(page, "/admin/deliveries"),
  "admin-exposures": "/admin/exposures",
  "admin-exposure": ({ page }) => follow(page, "/admin/exposures"),
  "admin-quarantines": "/admin/quarantines",
  "admin-quarantine": ({ page }) => follow(page, "/admin/quarantines"),
  "admin-quarantine-release": ({ page }) => page.click("main a[href$='/release']"),
  "admin-quarantine-finish": async ({ page }) => {
    await follow(page, "/admin/quarantines");
    await page.click("main a[href$='/finish']");
  },
  "admin-outbox": "/admin/outbox",
  "admin-outbox-requeue": "/admin/outbox/requeue",
  "admin-outbox-requeue-one": ({ page }) => follow(page, "/admin/outbox"),
  "admin-tokens": "/admin/tokens",
  "admin-tokens-unknown": async ({ page }) => {
    await page.goto(`${stage.issuer}/admin/tokens`);
    await page.fill("#lookup-token", "polar_pat_nothing");
    await page.click("#lookup button");
    await page.waitForSelector("#problem");
  },
  "admin-token": async ({ page, leaked }) => {
    await page.goto(`${stage.issuer}/admin/tokens`);
    await page.fill("#lookup-token", leaked.token);
    await page.click("#lookup button");
    await page.waitForSelector("dl.facts");
  },
  "admin-token-revoke": async ({ page, shared }) => {
    await page.goto(`${stage.issuer}/admin/tokens/${shared.id}/revoke`);
  },
  "admin-revocations": "/admin/revocations",
  "admin-revocations-nobody": async ({ page }) => {
    await page.goto(`${stage.issuer}/admin/revocations`);
    await page.fill("#revoke-email", "nobody@example.com");
    await page.click("#revoke button");
    await page.waitForSelector("#problem");
  },
  "admin-revocations-new": async ({ page, who }) => {
    await page.goto(`${stage.issuer}/admin/revocations`);
    await page.fill("#revoke-email", who);
    await page.selectOption("#revoke-kind", "personal_access_token");
    await page.click("#revoke button");
    await page.waitForSelector("form .danger");
  },
  "admin-revocation": async ({ page, running }) => {
    await page.goto(`${stage.issuer}/admin/revocations/${running}`);
  },
  "admin-origins": "/admin/origins",
  "admin-origins-reset": "/admin/origins/night_watch/reset",
  "admin-audit": "/admin/audit",
};

async function meet({ page, language }) {
  const who = `grace.${language}@fleet.example`;
  const met = await busyDay(who);
  await happen("letter", { who, known: [] });
  await happen("before", { what: "letters_given_up", who });
  await happen("before", { what: "letters_waiting", who: `later.${who}`, letters: 2 });
  await signInAs(page, `root.${language}@fleet.example`);
  return { who, ...met };
}

tour("what operators see", { ...empty, ...full }, meet);
