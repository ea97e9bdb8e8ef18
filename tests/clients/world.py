"""What stands around the clients under test: people with mailboxes, and GitHub.

Tests in any language reach it over HTTP on the loopback interface: a POST with JSON to the name of
what shall happen, answered with JSON.
"""

import http.server
import json
import threading

from past import Past
from person import Mailbox, Person
from served import TOKEN, Failed


class World:
    """People, their letters, and a stand-in for GitHub."""

    def __init__(self, tokenward, url, key, log):
        self.tokenward, self.url, self.key = tokenward, url, key
        self.mailbox = Mailbox(f"{tokenward.folder}/data/mail")
        self.past, self.log = Past(tokenward.folder), log
        self.people, self.lock = {}, threading.Lock()

    def visit(self, url, who="ada@example.com", action="allow"):
        """Somebody goes where an application sends them; see `Person.visit`."""
        with self.lock:
            person = self.people.setdefault(who, Person(self.url, who, self.mailbox))
            return person.visit(url, action)

    def letters(self, who):
        """The names of the letters that somebody has."""
        return sorted(self.mailbox.names(who))

    def code(self, who, known):
        """The code in the next letter."""
        return self.mailbox.next_code(who, set(known))

    def letter(self, who, known, like=""):
        """The next letter with these words in its subject."""
        return self.mailbox.next_letter(who, set(known), like)

    def leak(self, token, kind, place, origin="github"):
        """An origin, such as GitHub's scanning, finds a token and reports it."""
        found = {"token": token, "type": kind, "url": place, "source": "commit"}
        return self.report([found], origin)[0]

    def report(self, reports, origin="github", misbehave=None):
        """An origin reports what it found, or does so as nobody should. What each was answered."""
        more = ["--misbehave", misbehave] if misbehave else []
        said = self.tokenward.succeed("alert", "send", "--to", self.url, "--key", self.key, "--json",
                                      "--origin", origin, *more, reads=json.dumps(reports))
        return [json.loads(line) for line in said.splitlines()]

    def operator(self, words):
        """An operator does something at the command line."""
        return self.tokenward.result(*words)

    def holds(self, text):
        """Whether anything that the service kept or said holds this text."""
        return self.past.holds(text) or any(text in line for line in self.log)

    def before(self, what, **words):
        """Something happened that no test can wait for; see `Past`."""
        return getattr(self.past, what)(**words)

    def webhook(self, words):
        """An operator does something with webhooks."""
        return self.tokenward.result("webhook", *words)

    def service_key(self, words):
        """An operator gives a service a key."""
        return self.tokenward.result("service-key", *words)

    def personal_token(self, who, name):
        """Somebody has a token of their own."""
        return self.tokenward.result(
            "token", "create", "--kind", "personal_access_token", "--user", who, "--name", name,
            "--scopes", "orders:read", "--expires-in", "30d")

    def organization(self, words):
        """An operator founds an organization, or changes who is in it."""
        return self.tokenward.result("organization", *words)


DEEDS = ("visit", "letters", "code", "letter", "leak", "report", "webhook", "service_key",
         "operator", "holds", "before", "personal_token", "organization")


class Door:
    """The world over HTTP."""

    def __init__(self, world):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, answer = answer_to(world, self.path.strip("/"), asked)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self):
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def answer_to(world, deed, asked):
    if deed not in DEEDS:
        return 404, {"failed": f"nothing like {deed} can happen"}
    try:
        return 200, getattr(world, deed)(**asked)
    except (Failed, OSError, ValueError, TypeError) as failure:
        return 500, {"failed": TOKEN.sub("[token]", str(failure))}
