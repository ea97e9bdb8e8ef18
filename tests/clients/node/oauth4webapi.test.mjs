// oauth4webapi, the library below openid-client, one exchange at a time.

import assert from "node:assert/strict";
import test from "node:test";

import * as oauth from "oauth4webapi";

import { changed, stage, visit } from "./stage.mjs";

const http = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(stage.issuer);
const methods = {
  basic: oauth.ClientSecretBasic,
  post: oauth.ClientSecretPost,
  public: oauth.None,
};

async function discover(algorithm) {
  const response = await oauth.discoveryRequest(issuer, { ...http, algorithm });
  return oauth.processDiscoveryResponse(issuer, response);
}

async function party(name, algorithm = "oidc") {
  const { client_id, client_secret, redirect_uri } = stage.clients[name];
  const id_token_signed_response_alg = name === "post" ? "ES256" : "RS256";
  return {
    server: await discover(algorithm),
    client: { client_id, id_token_signed_response_alg },
    proof: methods[name](client_secret),
    redirect_uri,
  };
}

async function ask({ server, client, redirect_uri }) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = changed(server.authorization_endpoint, {
    client_id: client.client_id,
    redirect_uri,
    response_type: "code",
    scope: "openid email",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  const { location } = await visit(url);
  return { answer: new URL(location), verifier, state, nonce };
}

async function redeem({ server, client, proof, redirect_uri }, { answer, verifier, state, nonce }) {
  const parameters = oauth.validateAuthResponse(server, client, answer, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, proof, parameters, redirect_uri, verifier, http);
  const tokens = await oauth.processAuthorizationCodeResponse(
    server, client, response, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(server, response, http);
  return tokens;
}

test("both documents of discovery say the same", async () => {
  assert.deepEqual(await discover("oauth2"), await discover("oidc"));
});

for (const name of ["basic", "post", "public"]) {
  test(`the ${name} client goes from discovery to revocation`, async () => {
    const me = await party(name, name === "public" ? "oauth2" : "oidc");
    const { server, client, proof } = me;
    const tokens = await redeem(me, await ask(me));
    assert.equal(tokens.token_type, "bearer");
    const { sub } = oauth.getValidatedIdTokenClaims(tokens);

    const seen = await oauth.userInfoRequest(server, client, tokens.access_token, http);
    const info = await oauth.processUserInfoResponse(server, client, sub, seen);
    assert.equal(info.email, "ada@example.com");

    const refreshed = await oauth.refreshTokenGrantRequest(
      server, client, proof, tokens.refresh_token, http);
    const fresh = await oauth.processRefreshTokenResponse(server, client, refreshed);

    if (name !== "public") {
      const told = await oauth.introspectionRequest(
        server, client, proof, fresh.access_token, http);
      const known = await oauth.processIntrospectionResponse(server, client, told);
      assert.equal(known.active, true);
      assert.equal(known.token_type, "Bearer");
      assert.equal(known.aud, client.client_id);
    }

    const revoked = await oauth.revocationRequest(server, client, proof, fresh.access_token, http);
    await oauth.processRevocationResponse(revoked);
    await assert.rejects(
      oauth.userInfoRequest(server, client, fresh.access_token, http)
        .then((response) => oauth.processUserInfoResponse(server, client, sub, response)),
      oauth.WWWAuthenticateChallengeError,
    );
  });
}

for (const name of ["basic", "post"]) {
  test(`the ${name} client gets tokens for itself`, async () => {
    const { server, client, proof } = await party(name);
    const response = await oauth.clientCredentialsGrantRequest(
      server, client, proof, { scope: "orders:read" }, http);
    const tokens = await oauth.processClientCredentialsResponse(server, client, response);
    assert.equal(tokens.scope, "orders:read");
  });
}

test("a client registers itself", async () => {
  const server = await discover();
  const redirect_uri = "https://elsewhere.example/callback";
  const response = await oauth.dynamicClientRegistrationRequest(
    server, { client_name: "Newcomer", redirect_uris: [redirect_uri] }, http);
  const client = await oauth.processDynamicClientRegistrationResponse(response);
  const me = { server, client, proof: oauth.ClientSecretBasic(client.client_secret), redirect_uri };
  const tokens = await redeem(me, await ask(me));
  assert.equal(oauth.getValidatedIdTokenClaims(tokens).aud, client.client_id);
});

test("answers that were tampered with are refused", async () => {
  const me = await party("basic");
  const asked = await ask(me);
  const refuse = (answer, state = asked.state) => assert.throws(
    () => oauth.validateAuthResponse(me.server, me.client, answer, state),
    oauth.OperationProcessingError,
  );
  refuse(changed(asked.answer, { iss: "https://elsewhere.example" }));
  refuse(changed(asked.answer, { iss: null }));
  refuse(changed(asked.answer, { state: null }));
  refuse(asked.answer, "another state");
  await assert.rejects(
    redeem(me, { ...asked, nonce: "another" }), oauth.OperationProcessingError);
});

test("a code is for who can prove to have asked for it", async () => {
  const me = await party("public");
  const asked = await ask(me);
  const stolen = { ...asked, verifier: oauth.generateRandomCodeVerifier() };
  await assert.rejects(redeem(me, stolen), (error) => error.error === "invalid_grant");
});

test("a wrong secret is refused in the words of the standard", async () => {
  for (const name of ["basic", "post"]) {
    const me = await party(name);
    const wrong = { ...me, proof: methods[name]("wrong") };
    await assert.rejects(redeem(wrong, await ask(me)), (error) => {
      assert.equal(error.status, 401);
      const said = error.error ?? error.cause[0].parameters.error ?? error.cause[0].scheme;
      assert.ok(["invalid_client", "basic"].includes(said), String(said));
      return true;
    });
  }
});
