// A real browser with a person before it, and an application that sends them to the service.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { setTimeout } from "node:timers/promises";

import * as client from "openid-client";
import { chromium } from "playwright-core";

import { happen, stage } from "./stage.mjs";

const PATIENCE = 30_000;

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: stage.chromium });
});
after(() => browser?.close());

/** Pages with script. */
export const scripted = new WeakSet();

/** A page of a browser that was never here. */
export async function freshPage(t, options = {}) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  if (stage.late) {
    await page.route("**/assets/**", async (route) => {
      await setTimeout(stage.late);
      await route.continue();
    });
  }
  if (options.javaScriptEnabled !== false) scripted.add(page);
  return page;
}

/** Types an address, waits for the letter, and types the code from it. */
export async function signIn(page, who) {
  const known = await happen("letters", { who });
  await page.fill("#email", who);
  await page.click("#continue");
  await enterCode(page, await happen("code", { who, known }));
}

/** The page that asks for a code is there, and its script listens. */
export async function isAskedForCode(page) {
  // The page before may still be there, and this one may still be loading.
  await page.waitForSelector("#code");
  await page.waitForLoadState("load");
}

/** Types a code. A page with script sends it by itself as soon as it is whole. */
export async function enterCode(page, code) {
  await isAskedForCode(page);
  const loaded = page.waitForEvent("load");
  await page.fill("#code", code);
  if (!scripted.has(page)) await page.click("#verify");
  await loaded;
}

/** Whether a page is to blame for what a browser says of it, and not somebody who was in a field
 * before the one that gets the focus by itself got it. */
export const isComplaint = (text) => !text.startsWith("Autofocus processing was blocked");

/** What a page complains about: script that failed, what its policy forbade, dialogs. */
export function complaintsOf(page) {
  const complaints = [];
  page.on("console", (message) => {
    // A browser says so of every page that refuses something.
    const refused = message.text().startsWith("Failed to load resource");
    if (!refused && message.type() !== "debug" && isComplaint(message.text())) {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  return complaints;
}

/** Presses Tab until something is reached; whatever is passed can be seen to be, and is covered by
 * nothing that stays in sight. */
export async function tabTo(page, selector, most = 40) {
  // Until its styles are there a page shows no outline of ours.
  await page.waitForLoadState("load");
  for (let steps = 0; steps < most; steps += 1) {
    await page.keyboard.press("Tab");
    const [there, outline] = await page.evaluate((selector) => {
      const active = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(active);
      const { top, bottom, left, right } = active.getBoundingClientRect();
      const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2)?.closest(".stay");
      const shown = bottom > 0 && top < innerHeight && (!above || above.contains(active));
      return [active.matches(selector), shown && outlineStyle !== "none"
        && parseFloat(outlineWidth)];
    }, selector);
    assert.ok(outline >= 2, `what has the focus on the way to ${selector} can be seen`);
    if (there) return;
  }
  assert.fail(`${selector} cannot be reached`);
}

/** Somebody else's application: it signs people in at the service and greets them. */
export class Application {
  constructor(more = {}, name = "Ledger") {
    this.more = more;
    this.name = name;
    this.server = createServer((request, response) => {
      this.#answer(request).then(
        ({ status = 200, headers = {}, text = "" }) => {
          response.writeHead(status, { "content-type": "text/html", ...headers }).end(text);
        },
        (error) => response.writeHead(500).end(`<h1>${error}</h1>`),
      );
    });
  }

  /** Listens, and registers itself at the service. */
  async start(t) {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      this.server.close();
      this.server.closeAllConnections();
    });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    this.config = await client.dynamicClientRegistration(
      new URL(stage.issuer),
      {
        client_name: this.name,
        redirect_uris: [`${this.url}/callback`],
        grant_types: ["authorization_code", "refresh_token"],
        token_endpoint_auth_method: "client_secret_post",
        client_uri: "https://ledger.example/",
        policy_uri: "https://ledger.example/privacy",
        tos_uri: "https://ledger.example/terms",
      },
      undefined,
      { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
    );
    return this;
  }

  async #answer(request) {
    const url = new URL(request.url, this.url);
    switch (url.pathname) {
      case "/":
        return { text: '<h1>Ledger</h1><a id="start" href="/start">Sign in</a>' };
      case "/start":
        return { status: 302, headers: { location: String(await this.#ask()) } };
      case "/callback":
        return { text: await this.#greet(await this.#said(request, url)) };
      default:
        return { status: 404 };
    }
  }

  async #ask() {
    this.checks = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
      idTokenExpected: true,
    };
    return client.buildAuthorizationUrl(this.config, {
      redirect_uri: `${this.url}/callback`,
      scope: "openid profile email offline_access orders:read",
      code_challenge: await client.calculatePKCECodeChallenge(this.checks.pkceCodeVerifier),
      code_challenge_method: "S256",
      state: this.checks.expectedState,
      nonce: this.checks.expectedNonce,
      ...this.more,
    });
  }

  async #said(request, url) {
    if (request.method === "GET") return url;
    const body = Buffer.concat(await request.toArray()).toString();
    const headers = { "content-type": request.headers["content-type"] };
    return new Request(url, { method: "POST", headers, body });
  }

  async #greet(said) {
    this.tokens = await client.authorizationCodeGrant(this.config, said, this.checks);
    const { sub } = this.tokens.claims();
    this.info = await client.fetchUserInfo(this.config, this.tokens.access_token, sub);
    return `<h1>Welcome, ${this.info.email}</h1>`;
  }
}
