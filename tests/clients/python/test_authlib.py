"""Authlib with requests, and joserfc for ID tokens, as Authlib itself does."""

import unittest
import urllib.parse

import requests
from authlib.common.security import generate_token
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.jwk import KeySet

from stage import CLIENTS, ISSUER, visit

METHODS = {"basic": "client_secret_basic", "post": "client_secret_post", "public": "none"}
ALGORITHMS = {"basic": "RS256", "post": "ES256", "public": "RS256"}
SCOPE = "openid profile email offline_access"


def metadata():
    found = requests.get(get_well_known_url(ISSUER, external=True), timeout=30)
    document = OpenIDProviderMetadata(found.json())
    document.validate()
    return document


class Party:
    """One of our clients, as Authlib is one."""

    def __init__(self, name):
        self.name, self.server = name, metadata()
        registered = CLIENTS[name]
        self.id, self.redirect_uri = registered["client_id"], registered["redirect_uri"]
        self.session = OAuth2Session(
            self.id, registered.get("client_secret"), scope=SCOPE, redirect_uri=self.redirect_uri,
            token_endpoint_auth_method=METHODS[name],
            revocation_endpoint_auth_method=METHODS[name],
            token_endpoint=self.server["token_endpoint"], code_challenge_method="S256")

    def ask(self, **more):
        self.verifier, self.nonce = generate_token(48), generate_token(24)
        url, self.state = self.session.create_authorization_url(
            self.server["authorization_endpoint"], code_verifier=self.verifier, nonce=self.nonce,
            **more)
        return visit(url)

    def redeem(self, location):
        return self.session.fetch_token(
            self.server["token_endpoint"], authorization_response=location, state=self.state,
            code_verifier=self.verifier)

    def claims(self, token, nonce=None):
        """The ID token's claims, after every check that Authlib has."""
        keys = KeySet.import_key_set(requests.get(self.server["jwks_uri"], timeout=30).json())
        read = jwt.decode(token["id_token"], keys, algorithms=[ALGORITHMS[self.name]])
        claims = CodeIDToken(
            read.claims, read.header,
            options={"iss": {"values": [ISSUER]}, "aud": {"values": [self.id]}},
            params={"nonce": nonce or self.nonce, "client_id": self.id,
                    "access_token": token["access_token"]})
        claims.validate()
        return claims

    def userinfo(self):
        return self.session.get(self.server["userinfo_endpoint"])

    def introspect(self, token):
        return self.session.introspect_token(
            self.server["introspection_endpoint"], token=token).json()


class Authlib(unittest.TestCase):
    def test_every_client_goes_from_discovery_to_revocation(self):
        for name in METHODS:
            with self.subTest(name):
                party = Party(name)
                token = party.redeem(party.ask()["location"])
                claims = party.claims(token)
                info = party.userinfo().json()
                self.assertEqual(info["sub"], claims["sub"])
                self.assertEqual(info["email"], "ada@example.com")

                fresh = party.session.refresh_token(party.server["token_endpoint"])
                self.assertNotEqual(fresh["access_token"], token["access_token"])
                self.assertNotEqual(fresh["refresh_token"], token["refresh_token"])
                self.assertEqual(party.userinfo().status_code, 200)

                gone = party.session.revoke_token(
                    party.server["revocation_endpoint"], token=fresh["refresh_token"],
                    token_type_hint="refresh_token")
                self.assertEqual((gone.status_code, gone.json()), (200, {}))
                self.assertEqual(party.userinfo().status_code, 401)

    def test_clients_with_a_secret_ask_about_their_tokens(self):
        for name in ("basic", "post"):
            with self.subTest(name):
                party = Party(name)
                token = party.redeem(party.ask()["location"])
                known = party.introspect(token["access_token"])
                self.assertIs(known["active"], True)
                self.assertEqual(known["aud"], party.id)
                party.session.revoke_token(
                    party.server["revocation_endpoint"], token=token["access_token"])
                self.assertEqual(party.introspect(token["access_token"]), {"active": False})

    def test_clients_with_a_secret_get_tokens_for_themselves(self):
        for name in ("basic", "post"):
            with self.subTest(name):
                party = Party(name)
                token = party.session.fetch_token(
                    party.server["token_endpoint"], grant_type="client_credentials",
                    scope="orders:read")
                self.assertEqual(token["scope"], "orders:read")
                self.assertEqual(token["token_type"], "Bearer")
                self.assertNotIn("refresh_token", token)

    def test_an_answer_that_is_posted_is_understood(self):
        party = Party("post")
        form = party.ask(response_mode="form_post")["form"]
        self.assertEqual(form["action"], party.redirect_uri)
        self.assertEqual(form["fields"]["iss"], ISSUER)
        answer = f"{party.redirect_uri}?{urllib.parse.urlencode(form['fields'])}"
        party.claims(party.redeem(answer))

    def test_a_wrong_state_is_refused(self):
        party = Party("basic")
        answer = party.ask()["location"]
        party.state = "another"
        with self.assertRaises(AuthlibBaseError) as refusal:
            party.redeem(answer)
        self.assertEqual(refusal.exception.error, "mismatching_state")

    def test_a_wrong_nonce_is_refused(self):
        party = Party("basic")
        token = party.redeem(party.ask()["location"])
        with self.assertRaises(Exception) as refusal:
            party.claims(token, nonce="another")
        self.assertIn("nonce", str(refusal.exception))

    def test_what_the_service_refuses_is_an_error_with_a_name(self):
        party = Party("public")
        answer = party.ask()["location"]
        party.verifier = generate_token(48)
        with self.assertRaises(AuthlibBaseError) as refusal:
            party.redeem(answer)
        self.assertEqual(refusal.exception.error, "invalid_grant")


if __name__ == "__main__":
    unittest.main()
