// Somebody who operates the service, and what they look at.

import { freshPage, signIn } from "./browser.mjs";
import { happen, stage } from "./stage.mjs";

const ROOM = `${stage.issuer}/admin`;
export const PAT = "personal_access_token";
const WATCH = "night_watch";

/** An operator's browser, on the first of their pages. They sign in once; `kept` remembers them. */
export async function operate(t, who, options = {}, kept = {}) {
  const page = await freshPage(t, { ...options, storageState: kept.state });
  if (!kept.state) {
    await signInAs(page, who);
    kept.state = await page.context().storageState();
  }
  return page;
}

/** Signs somebody in and makes them an operator. */
export async function signInAs(page, who) {
  await page.goto(`${stage.issuer}/login?return_to=%2Fsettings%2Fsessions`);
  await signIn(page, who);
  await page.waitForSelector("#sessions");
  await happen("operator", { words: ["user", "promote", "--email", who] });
  await page.goto(ROOM);
}

/** A token of somebody, made at the command line. */
export async function token(who, name, kind = PAT) {
  const words = ["token", "create", "--kind", kind, "--name", name, "--scopes", "orders:read"];
  const whose = kind === PAT ? "--user" : "--organization";
  return happen("operator", { words: [...words, whose, who] });
}

/** Somebody who never was here. */
export async function person(who, name) {
  await happen("operator", { words: ["user", "create", "--email", who, "--name", name] });
}

/** A token is seen by somebody whose reports put it into quarantine. */
export async function quarantined(who, name, place) {
  const made = await token(who, name);
  await happen("leak", { token: made.token, kind: PAT, place, origin: WATCH });
  return made;
}

/** What fills every page: leaks, refusals, letters that could not be sent, and much at once. */
export async function busyDay(who) {
  await person(who, "Grace Hopper");
  const slug = `fleet-${who.split("@")[0].replaceAll(".", "-")}`;
  await happen("operator", {
    words: ["organization", "create", "--slug", slug, "--name", "Fleet", "--owner", who],
  });
  const leaked = await token(who, "Deploys of the warehouse");
  const place = "https://github.example/acme/warehouse/blob/main/deploy/production.env#L12";
  const never = { token: "not one of ours", type: PAT, url: place, source: "commit" };
  await happen("report", {
    reports: [{ token: leaked.token, type: PAT, url: place, source: "commit" }, never, never],
  });
  await happen("report", { reports: [never], misbehave: "bad-signature" });
  await quarantined(who, "Nightly export", "https://wiki.example/runbooks/nightly-export");
  const shared = await token(slug, "Labels", "organization_access_token");
  await happen("leak", {
    token: shared.token, kind: "organization_access_token", place: "https://paste.example/a8f3",
    origin: WATCH,
  });
  await happen("before", { what: "figures", days: 30 });
  await happen("before", { what: "breaker_open", origin: WATCH, revoked: 5120 });
  const running = await happen("before", {
    what: "revocation_running", counted: 48_210, revoked: 17_500,
  });
  return { leaked, shared, slug, running };
}

/** The first link to something of this kind on a page. */
export async function follow(page, list, start = list) {
  await page.goto(stage.issuer + list);
  await page.click(`main td a[href^='${start}/'] >> nth=0`);
}
