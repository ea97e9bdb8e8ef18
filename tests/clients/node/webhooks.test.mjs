// standardwebhooks, the verifier of standard-webhooks.dev.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";

import { Webhook, WebhookVerificationError } from "standardwebhooks";

import { happen } from "./stage.mjs";

/** Listens, and answers every message as it is told to. */
async function receiver() {
  const heard = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const message = { headers: request.headers, body: Buffer.concat(parts).toString() };
    response.writeHead(204).end();
    const next = waiting.shift();
    if (next) next(message);
    else heard.push(message);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    next: () => heard.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    close: () => server.close(),
  };
}

test("a message verifies with its secret, and around a rotation with both", async () => {
  const machine = await receiver();
  try {
    const made = await happen("webhook", { words: ["create", "--url", machine.url] });
    await happen("webhook", { words: ["test", "--id", made.id] });
    const { headers, body } = await machine.next();
    const told = new Webhook(made.secret).verify(body, headers);
    assert.equal(told.type, "webhook.test");
    const other = new Webhook(`whsec_${Buffer.alloc(32, 7).toString("base64")}`);
    assert.throws(() => other.verify(body, headers), WebhookVerificationError);
    assert.throws(
      () => new Webhook(made.secret).verify(body.replace("test", "tset"), headers),
      WebhookVerificationError,
    );
    const fresh = await happen("webhook", { words: ["rotate-secret", "--id", made.id] });
    await happen("webhook", { words: ["test", "--id", made.id] });
    const again = await machine.next();
    for (const secret of [made.secret, fresh.secret]) {
      new Webhook(secret).verify(again.body, again.headers);
    }
    await happen("webhook", { words: ["delete", "--id", made.id] });
  } finally {
    machine.close();
  }
});
