// What people do on the pages about what is theirs, for tests that walk through these.

import { freshPage, signIn } from "./browser.mjs";
import { happen, stage } from "./stage.mjs";

export const TOKENS = "/settings/tokens";
export const EXPOSURES = "/settings/exposures";
export const APPLICATIONS = "/settings/applications";
export const PLACE = "https://github.com/analytical-engines/ledger/blob/main/deploy/.env#L12";

/** Somebody signs in, and is at `path` then. */
export async function signInAt(page, who, path) {
  await page.goto(stage.issuer + path);
  await signIn(page, who);
  await page.waitForSelector("#sign-out");
}

/** A page of somebody who has just signed in, at `path`. */
export async function signedInAt(t, who, path, options) {
  const page = await freshPage(t, options);
  await signInAt(page, who, path);
  return page;
}

/** Fills in the form for a new token at `path`, and sends it. */
export async function makeToken(page, path, name, { scopes = ["user:read"], expires = "30" } = {}) {
  await page.goto(`${stage.issuer}${path}/new`);
  await page.fill("#name", name);
  await page.check(`[name=expires][value="${expires}"]`);
  for (const scope of scopes) await page.check(`[name=scopes][value="${scope}"]`);
  await page.click("#create");
  await page.waitForSelector("#secret");
  return page.textContent("#secret");
}

/** Asks the API what a token may do: whether it works. */
export async function works(token) {
  const headers = { authorization: `Bearer ${token}` };
  const { status } = await fetch(`${stage.issuer}/v1/tokens/self`, { headers });
  return status === 200;
}

/** A token is found and reported; then somebody tries it, if they `try` it. */
export async function leak(token, { kind = "polar_personal_access_token", place = PLACE, tries = 0 } = {}) {
  await happen("leak", { token, kind, place });
  for (let count = 0; count < tries; count += 1) await works(token);
}

/** The row of a list that is about something of this name. */
export const row = (page, list, name) => page.locator(`${list} > li`, { hasText: name });
