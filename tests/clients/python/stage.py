"""What scripts/test-clients set up: the service, its clients, and the world around them."""

import json
import os
import urllib.error
import urllib.request

STAGE = json.loads(os.environ["TOKENWARD_TEST_STAGE"])
ISSUER = STAGE["issuer"]
CLIENTS = STAGE["clients"]


def happen(deed, **words):
    """Lets something happen in the world; see tests/clients/world.py."""
    request = urllib.request.Request(f"{STAGE['world']}/{deed}", json.dumps(words).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as failure:
        raise AssertionError(json.load(failure)["failed"]) from None


def visit(url, **words):
    """Where somebody's browser ends up whom an application sends to `url`."""
    answer = happen("visit", url=url, **words)
    if "refusal" in answer:
        raise AssertionError(f"refused: {answer['refusal']}")
    return answer
