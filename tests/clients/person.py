"""A person at a browser without script: signs in by the mailed code and answers what is asked."""

import email
import email.policy
import html.parser
import http.cookiejar
import pathlib
import re
import time
import urllib.error
import urllib.parse
import urllib.request

from served import PATIENCE, Failed

CODE = re.compile(r"^    ([A-Z0-9]{6})\r?$", re.M)
# No way from an application back to it has more pages.
MOST_PAGES = 12
PAUSE = 0.05


class Mailbox:
    """The folder into which the service puts letters."""

    def __init__(self, folder):
        self.folder, self.opened = pathlib.Path(folder), {}

    def letters(self, to):
        """Letters to somebody, the oldest first."""
        paths = sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [letter for letter in map(self._open, paths) if to in letter["to"]]

    def _open(self, path):
        """A letter, which is put there whole and never changes."""
        if path.name not in self.opened:
            letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            text = letter.get_body(("plain",)).get_content()
            self.opened[path.name] = {"name": path.name, "to": str(letter["to"]),
                                      "subject": letter["subject"], "text": text}
        return self.opened[path.name]

    def next_letter(self, to, known, like=""):
        """The first letter to somebody that is none of the known ones, once it is there."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for letter in self.letters(to):
                if letter["name"] not in known and like in letter["subject"]:
                    return letter
            if time.monotonic() > deadline:
                raise Failed(f"no letter to {to}")
            time.sleep(PAUSE)

    def next_code(self, to, known):
        letter = self.next_letter(to, known)
        if not (code := CODE.search(letter["text"])):
            raise Failed(f"no code in the letter {letter['subject']!r}")
        return code[1]

    def names(self, to):
        return {letter["name"] for letter in self.letters(to)}


class Forms(html.parser.HTMLParser):
    """The forms of a page with their fields, and its heading."""

    def __init__(self, page):
        super().__init__()
        self.forms, self.heading, self._in_heading = {}, "", False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        seen = dict(attributes)
        if tag == "form":
            self._form = {"action": seen.get("action"), "fields": {}}
            self.forms[seen.get("id")] = self._form
        elif tag == "input" and seen.get("type") == "hidden":
            self._form["fields"][seen["name"]] = seen.get("value", "")
        elif tag == "h1":
            self._in_heading = True

    def handle_endtag(self, tag):
        if tag == "h1":
            self._in_heading = False

    def handle_data(self, data):
        if self._in_heading:
            self.heading += data


class StayHere(urllib.request.HTTPRedirectHandler):
    """A redirection is read, not followed."""

    def redirect_request(self, *_):
        return None


class Person:
    """Somebody with an address, a mailbox and one browser."""

    def __init__(self, url, address, mailbox):
        self.url, self.address, self.mailbox = url, address, mailbox
        self.http = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), StayHere,
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def visit(self, url, action="allow"):
        """Goes where an application sends its users, answers every page with what it asks for, and
        says how it ended: `location` or `form` is what the application gets, `refusal` is a page
        that leads nowhere."""
        answer = self._open(url)
        for _ in range(MOST_PAGES):
            location = answer["headers"].get("location")
            if location is not None:
                location = urllib.parse.urljoin(url, location)
                if not location.startswith(f"{self.url}/"):
                    return {"location": location}
                answer = self._open(location)
                continue
            page = Forms(answer["text"])
            if "answer" in page.forms:
                return {"form": page.forms["answer"]}
            if (step := self._step(page, action)) is None:
                return {"refusal": {"status": answer["status"], "heading": page.heading}}
            answer = step
        raise Failed(f"{url} leads in circles")

    def _step(self, page, action):
        if form := page.forms.get("login"):
            self.known = self.mailbox.names(self.address)
            return self._send(form, email=self.address)
        if form := page.forms.get("login-code"):
            return self._send(form, code=self.mailbox.next_code(self.address, self.known))
        if form := page.forms.get("consent"):
            return self._send(form, action=action)
        return None

    def _send(self, form, **typed):
        body = urllib.parse.urlencode({**form["fields"], **typed}).encode()
        return self._open(urllib.parse.urljoin(self.url, form["action"]), body)

    def _open(self, url, body=None):
        try:
            with self.http.open(url, body, PATIENCE) as answer:
                return self._read(answer)
        except urllib.error.HTTPError as answer:
            with answer:
                return self._read(answer)

    @staticmethod
    def _read(answer):
        return {"status": answer.status, "headers": answer.headers,
                "text": answer.read().decode()}
