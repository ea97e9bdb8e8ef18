// Security Event Tokens as a receiver reads them that knows nothing but the issuer, with jose.

import assert from "node:assert/strict";
import test from "node:test";

import { createRemoteJWKSet, errors, jwtVerify } from "jose";

import { happen, stage } from "./stage.mjs";

const VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/** Asks the transmitter for something, as JSON. */
async function ask(key, url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

test("a security event token verifies with the published keys, and as nothing else", async () => {
  const words = ["create", "--name", "signals", "--scopes", "events:receive"];
  const { id, token: key } = await happen("service_key", { words });
  const told = await fetch(`${stage.issuer}/.well-known/ssf-configuration`);
  const transmitter = await told.json();
  assert.equal(transmitter.issuer, stage.issuer);
  const stream = await ask(key, transmitter.configuration_endpoint, {});
  assert.equal(stream.iss, transmitter.issuer);
  const wanted = { stream_id: stream.stream_id, state: "a state of ours" };
  await ask(key, transmitter.verification_endpoint, wanted);
  const polled = await ask(key, stream.delivery.endpoint_url, { returnImmediately: true });
  const sets = Object.entries(polled.sets);
  assert.equal(sets.length, 1);
  const [[jti, set]] = sets;
  const keys = createRemoteJWKSet(new URL(transmitter.jwks_uri));
  const expected = { issuer: stage.issuer, audience: id, typ: "secevent+jwt" };
  const { payload, protectedHeader } = await jwtVerify(set, keys, expected);
  assert.equal(protectedHeader.alg, "RS256");
  assert.equal(payload.jti, jti);
  assert.deepEqual(payload.events, { [VERIFICATION]: { state: wanted.state } });
  assert.deepEqual(payload.sub_id, { format: "opaque", id: stream.stream_id });
  assert.equal(payload.exp, undefined);
  assert.equal(payload.sub, undefined);
  for (const other of [{ typ: "JWT" }, { audience: "somebody" }, { issuer: "https://x.example" }]) {
    const wrong = jwtVerify(set, keys, { ...expected, ...other });
    await assert.rejects(wrong, errors.JWTClaimValidationFailed);
  }
  await ask(key, stream.delivery.endpoint_url, { ack: [jti], maxEvents: 0 });
  const after = await ask(key, stream.delivery.endpoint_url, { returnImmediately: true });
  assert.deepEqual(after.sets, {});
});
