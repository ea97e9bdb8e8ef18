"""Polar's own SDK for Python, which validates every answer against Polar's schemas."""

import json
import unittest
import urllib.parse

from polar_sdk import Polar
from polar_sdk.models import ResponseValidationError

from stage import CLIENTS, ISSUER, visit

CLIENT = CLIENTS["polar"]
PROOF = {"client_id": CLIENT["client_id"], "client_secret": CLIENT["client_secret"]}


def sign_in(polar, scope):
    asked = {"client_id": CLIENT["client_id"], "redirect_uri": CLIENT["redirect_uri"],
             "response_type": "code", "scope": scope, "state": "a state"}
    answer = visit(f"{ISSUER}/oauth2/authorize?{urllib.parse.urlencode(asked)}")["location"]
    said = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer).query))
    return polar.oauth2.token(request={
        "grant_type": "authorization_code", "code": said["code"],
        "redirect_uri": CLIENT["redirect_uri"], **PROOF})


class PolarSdk(unittest.TestCase):
    def setUp(self):
        self.polar = self.enterContext(Polar(server_url=ISSUER))

    def introspected(self, token):
        """What introspection says. This SDK's schema knows a `token_type` that Polar never sends,
        and no answer about an inactive token, so it may refuse what it read for these alone."""
        try:
            answer = self.polar.oauth2.introspect(request={"token": token, **PROOF})
        except ResponseValidationError as refusal:
            body = json.loads(refusal.body)
            problems = {problem["loc"][-1] for problem in refusal.cause.errors()}
            if body["active"]:
                self.assertEqual(problems, {"token_type"})
            return body
        return answer.model_dump(mode="json")

    def test_tokens_are_exchanged_introspected_and_revoked(self):
        tokens = sign_in(self.polar, "openid email orders:read")
        self.assertEqual(tokens.TOKEN_TYPE, "Bearer")
        self.assertTrue(tokens.id_token)

        fresh = self.polar.oauth2.token(request={
            "grant_type": "refresh_token", "refresh_token": tokens.refresh_token, **PROOF})
        known = self.introspected(fresh.access_token)
        self.assertIs(known["active"], True)
        self.assertEqual(known["token_type"], "Bearer")
        self.assertEqual(known["aud"], CLIENT["client_id"])
        self.assertEqual(known["organizations"], [])

        self.polar.oauth2.revoke(request={"token": fresh.refresh_token, **PROOF})
        self.assertEqual(self.introspected(fresh.access_token), {"active": False})

    def test_userinfo_is_read_with_the_access_token(self):
        tokens = sign_in(self.polar, "openid email")
        with Polar(server_url=ISSUER, access_token=tokens.access_token) as caller:
            info = caller.oauth2.userinfo()
        self.assertEqual(info.email, "ada@example.com")
        self.assertIs(info.email_verified, True)


if __name__ == "__main__":
    unittest.main()
