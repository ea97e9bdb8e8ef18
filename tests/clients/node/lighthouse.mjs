// What Google's Lighthouse says of the pages that people meet; scripts/lighthouse runs it. Every page
// must have 95 of 100 in each category. And how long the first byte of each takes.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

import { Application, scripted, signIn } from "./browser.mjs";
import { happen, stage } from "./stage.mjs";

const LEAST = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const REQUESTS = 200;
const MOST_MILLISECONDS = 20;
const WHO = "ada@example.com";

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Somebody who is signed in and operates the service; an application; a token that leaked. */
async function world(page) {
  await page.goto(`${stage.issuer}/login`);
  await signIn(page, WHO);
  await happen("operator", { words: ["user", "promote", "--email", WHO] });
  const ends = [];
  const application = await new Application().start({ after: (end) => ends.push(end) });
  // Where the application sends people is where they are asked.
  await page.goto(application.url);
  await page.click("#start");
  await page.waitForSelector("#consent");
  const consent = page.url();
  const { token } = await happen("personal_token", { who: WHO, name: "deploy" });
  await happen("leak", { token, kind: "polar_personal_access_token", place: "https://github.com/a/b" });
  await happen("personal_token", { who: WHO, name: "nightly export" });
  return { consent, end: () => ends.forEach((each) => each()) };
}

function addresses(consent) {
  const settings = ["tokens", "exposures", "applications", "sessions"];
  return [
    ["/login", `${stage.issuer}/login`],
    ["/oauth2/authorize", consent],
    ...settings.map((name) => [`/settings/${name}`, `${stage.issuer}/settings/${name}`]),
    ["/admin", `${stage.issuer}/admin`],
    ["/dev/components", `${stage.issuer}/dev/components`],
  ];
}

/** Lighthouse's marks, and what it found wanting. */
async function marks(lighthouse, url, port) {
  const flags = { port, onlyCategories: CATEGORIES, disableStorageReset: true, logLevel: "silent" };
  const { lhr } = await lighthouse(url, flags);
  if (new URL(lhr.finalDisplayedUrl).pathname !== new URL(url).pathname) {
    throw new Error(`${url} led to ${lhr.finalDisplayedUrl}`);
  }
  const scores = CATEGORIES.map((name) => Math.round(lhr.categories[name].score * 100));
  const wanting = CATEGORIES.flatMap((name) => lhr.categories[name].auditRefs)
    .filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < 0.9)
    .map(({ id }) => id);
  return { scores, wanting };
}

/** Milliseconds to the first byte of an answer, one request after the other: median and 95 of 100. */
async function firstByte(url, cookie) {
  const taken = [];
  for (let number = 0; number < REQUESTS; number += 1) {
    const begun = performance.now();
    // The promise is kept when the headers are there.
    const response = await fetch(url, { headers: { cookie }, redirect: "manual" });
    taken.push(performance.now() - begun);
    await response.arrayBuffer();
  }
  taken.sort((one, other) => one - other);
  return [0.5, 0.95].map((share) => taken[Math.floor(REQUESTS * share)]);
}

const folder = mkdtempSync(join(tmpdir(), "tokenward-lighthouse."));
const port = await freePort();
// One browser with one jar of cookies, which Lighthouse opens its own page in.
const context = await chromium.launchPersistentContext(folder, {
  executablePath: stage.chromium,
  args: [`--remote-debugging-port=${port}`],
});
const failed = [];
try {
  const index = pathToFileURL(`${stage.lighthouse}/node_modules/lighthouse/core/index.js`);
  const { default: lighthouse } = await import(index.href);
  const page = context.pages()[0] ?? (await context.newPage());
  scripted.add(page);
  const { consent, end } = await world(page);
  const cookies = await context.cookies(stage.issuer);
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  console.log(`| page | ${CATEGORIES.join(" | ")} | first byte, ms: median | 95 of 100 |`);
  console.log("|---|---|---|---|---|---|---|");
  for (const [name, url] of addresses(consent)) {
    const { scores, wanting } = await marks(lighthouse, url, port);
    const [median, most] = await firstByte(url, cookie);
    console.log(`| ${name} | ${[...scores, median.toFixed(1), most.toFixed(1)].join(" | ")} |`);
    if (Math.min(...scores) < LEAST) failed.push(`${name}: ${wanting.join(", ")}`);
    if (median > MOST_MILLISECONDS) failed.push(`${name}: ${median} ms to the first byte`);
  }
  end();
} finally {
  await context.close();
  rmSync(folder, { recursive: true, force: true });
}
if (failed.length > 0) {
  console.error(failed.join("\n"));
  process.exitCode = 1;
}
