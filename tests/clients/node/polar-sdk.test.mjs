// Polar's own SDK for JavaScript, which validates every answer against Polar's schemas.

import assert from "node:assert/strict";
import test from "node:test";

import { Polar } from "@polar-sh/sdk";

import { changed, stage, visit } from "./stage.mjs";

const { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri } =
  stage.clients.polar;
const polar = new Polar({ serverURL: stage.issuer });

async function signIn(scope) {
  const url = changed(`${stage.issuer}/oauth2/authorize`, {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope,
    state: "a state",
  });
  const answer = new URL((await visit(url)).location);
  assert.equal(answer.searchParams.get("state"), "a state");
  const code = answer.searchParams.get("code");
  return polar.oauth2.token(
    { grantType: "authorization_code", clientId, clientSecret, code, redirectUri });
}

const introspect = (token) => polar.oauth2.introspect({ clientId, clientSecret, token });

test("tokens are exchanged, introspected and revoked", async () => {
  const tokens = await signIn("openid email orders:read");
  assert.equal(tokens.tokenType, "Bearer");
  assert.ok(tokens.idToken);

  const fresh = await polar.oauth2.token(
    { grantType: "refresh_token", clientId, clientSecret, refreshToken: tokens.refreshToken });
  assert.ok(fresh.accessToken);
  assert.ok(fresh.refreshToken);

  const known = await introspect(fresh.accessToken);
  assert.equal(known.active, true);
  assert.equal(known.tokenType, "Bearer");
  assert.equal(known.clientId, clientId);
  assert.equal(known.aud, clientId);
  assert.equal(known.iss, stage.issuer);
  assert.equal(known.subType, "user");
  assert.deepEqual(known.organizations, []);
  assert.ok(known.exp > known.iat);

  await polar.oauth2.revoke({ clientId, clientSecret, token: fresh.refreshToken });
  // The schema wants every member; RFC 7662 2.2 and Polar itself give one.
  await assert.rejects(introspect(fresh.accessToken), (error) => {
    assert.deepEqual(JSON.parse(error.body), { active: false });
    return true;
  });
});

test("userinfo is read with the access token", async () => {
  const tokens = await signIn("openid email");
  const caller = new Polar({ serverURL: stage.issuer, accessToken: tokens.accessToken });
  const info = await caller.oauth2.userinfo();
  assert.equal(info.email, "ada@example.com");
  assert.equal(info.email_verified ?? info.emailVerified, true);
});
