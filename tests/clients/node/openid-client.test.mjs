// openid-client 6, the certified relying party for Node.

import assert from "node:assert/strict";
import test from "node:test";

import * as client from "openid-client";

import { changed, stage, visit } from "./stage.mjs";

const methods = {
  basic: client.ClientSecretBasic,
  post: client.ClientSecretPost,
  public: () => client.None(),
};

async function configure(name) {
  const { client_id: id, client_secret: secret } = stage.clients[name];
  const metadata = { id_token_signed_response_alg: name === "post" ? "ES256" : "RS256" };
  const config = await client.discovery(
    new URL(stage.issuer),
    id,
    metadata,
    methods[name](secret),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );
  return config;
}

/** An authorization request as the library makes it, and what to expect of its answer. */
async function ask(config, name, more = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: stage.clients[name].redirect_uri,
    scope: "openid profile email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    ...more,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

async function signIn(config, name, more) {
  const { url, checks } = await ask(config, name, more);
  const { location } = await visit(url);
  return client.authorizationCodeGrant(config, new URL(location), checks);
}

const isDead = (config, token) => assert.rejects(
  client.fetchUserInfo(config, token, client.skipSubjectCheck),
  { code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE", status: 401 },
);

for (const name of ["basic", "post", "public"]) {
  test(`the ${name} client signs a person in and keeps the tokens fresh`, async () => {
    const config = await configure(name);
    const tokens = await signIn(config, name);
    const claims = tokens.claims();
    assert.equal(claims.iss, stage.issuer);
    assert.equal(claims.aud.toString(), stage.clients[name].client_id);
    assert.ok(tokens.expires_in > 0);

    const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(info.email, "ada@example.com");
    assert.equal(info.email_verified, true);

    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(fresh.access_token, tokens.access_token);
    assert.notEqual(fresh.refresh_token, tokens.refresh_token);
    await client.fetchUserInfo(config, fresh.access_token, claims.sub);

    await client.tokenRevocation(config, fresh.refresh_token);
    await isDead(config, fresh.access_token);
    await assert.rejects(
      client.refreshTokenGrant(config, fresh.refresh_token),
      { code: "OAUTH_RESPONSE_BODY_ERROR", error: "invalid_grant" },
    );
  });
}

for (const name of ["basic", "post"]) {
  test(`the ${name} client asks about its tokens`, async () => {
    const config = await configure(name);
    const tokens = await signIn(config, name);
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      const known = await client.tokenIntrospection(config, token);
      assert.equal(known.active, true);
      assert.equal(known.client_id, stage.clients[name].client_id);
      assert.equal(known.sub, tokens.claims().sub);
      assert.equal(known.iss, stage.issuer);
      assert.equal(known.scope.split(" ").sort().join(" "), "email offline_access openid profile");
    }
    await client.tokenRevocation(config, tokens.refresh_token);
    for (const token of [tokens.access_token, tokens.refresh_token, "nothing"]) {
      assert.deepEqual(await client.tokenIntrospection(config, token), { active: false });
    }
  });

  test(`the ${name} client gets tokens for itself`, async () => {
    const config = await configure(name);
    const tokens = await client.clientCredentialsGrant(config, { scope: "orders:read" });
    assert.equal(tokens.scope, "orders:read");
    assert.equal(tokens.refresh_token, undefined);
    const known = await client.tokenIntrospection(config, tokens.access_token);
    assert.equal(known.active, true);
    await client.tokenRevocation(config, tokens.access_token);
    assert.deepEqual(
      await client.tokenIntrospection(config, tokens.access_token), { active: false });
  });
}

test("an answer that is posted is understood", async () => {
  const config = await configure("post");
  const { url, checks } = await ask(config, "post", { response_mode: "form_post" });
  const { form } = await visit(url);
  assert.equal(form.action, stage.clients.post.redirect_uri);
  const request = new Request(form.action, {
    method: "POST",
    body: new URLSearchParams(form.fields),
  });
  const tokens = await client.authorizationCodeGrant(config, request, checks);
  assert.equal(tokens.claims().iss, stage.issuer);
});

test("a person is asked anew when they signed in too long ago", async () => {
  const config = await configure("basic");
  const who = "grace@example.com";
  const { url, checks } = await ask(config, "basic");
  const first = await client.authorizationCodeGrant(
    config, new URL((await visit(url, { who })).location), checks);
  const again = await ask(config, "basic", { prompt: "login", max_age: "60" });
  const second = await client.authorizationCodeGrant(
    config, new URL((await visit(again.url, { who })).location), { ...again.checks, maxAge: 60 });
  assert.ok(second.claims().auth_time >= first.claims().auth_time);
  assert.equal(second.claims().sub, first.claims().sub);
});

test("a person who says no is heard", async () => {
  const config = await configure("basic");
  const { url, checks } = await ask(config, "basic", { prompt: "consent" });
  const { location } = await visit(url, { action: "deny" });
  await assert.rejects(
    client.authorizationCodeGrant(config, new URL(location), checks),
    { code: "OAUTH_AUTHORIZATION_RESPONSE_ERROR", error: "access_denied" },
  );
});

test("prompt=none is answered without a page", async () => {
  const config = await configure("basic");
  const { url, checks } = await ask(config, "basic", { prompt: "none" });
  const { location } = await visit(url, { who: "nobody@example.com" });
  await assert.rejects(
    client.authorizationCodeGrant(config, new URL(location), checks),
    { code: "OAUTH_AUTHORIZATION_RESPONSE_ERROR", error: "login_required" },
  );
});

test("answers that were tampered with are refused", async (t) => {
  const config = await configure("basic");
  const { url, checks } = await ask(config, "basic");
  const answer = new URL((await visit(url)).location);
  const refused = (where, expected) => assert.rejects(
    client.authorizationCodeGrant(config, where, { ...checks, ...expected }));
  await t.test("another state", () => refused(changed(answer, { state: "another" })));
  await t.test("no state", () => refused(changed(answer, { state: null })));
  await t.test("another issuer", () =>
    refused(changed(answer, { iss: "https://elsewhere.example" })));
  await t.test("no issuer", () => refused(changed(answer, { iss: null })));
  // The last, because the code is redeemed before the ID token is read.
  await t.test("another nonce", () => refused(answer, { expectedNonce: "another" }));
  await t.test("its code a second time", () => assert.rejects(
    client.authorizationCodeGrant(config, answer, checks),
    { code: "OAUTH_RESPONSE_BODY_ERROR", error: "invalid_grant" }));
});

test("a wrong secret opens nothing", async () => {
  const config = await client.discovery(
    new URL(stage.issuer),
    stage.clients.basic.client_id,
    undefined,
    client.ClientSecretBasic("wrong: secret/ü"),
    { execute: [client.allowInsecureRequests] },
  );
  await assert.rejects(client.clientCredentialsGrant(config), { status: 401 });
});
