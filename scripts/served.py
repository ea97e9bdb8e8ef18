"""Runs the binary as a new user would: in a folder of its own, with no configuration but a port.

Shared by scripts/smoke, scripts/test-clients and scripts/fuzz-api.
"""

import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LISTENING = re.compile(r"listening on http://(127\.0\.0\.1:\d+)")
TOKEN = re.compile(r"polar_[a-z_]+_[A-Za-z0-9]{43}")
# Generous: the machine may be busy, and a hang is told from a wait by any of these.
PATIENCE = 60


class Failed(Exception):
    """What did not happen."""


def build(profile="release"):
    """Builds the binary and says where it is."""
    cargo = os.environ.get("CARGO", "cargo")
    how = ["--release"] if profile == "release" else []
    subprocess.run([cargo, "build", "--locked", *how], cwd=ROOT, check=True,
                   stdin=subprocess.DEVNULL)
    return os.path.join(target_directory(), profile, "tokenward")


def target_directory():
    """Where cargo puts what it makes."""
    cargo = os.environ.get("CARGO", "cargo")
    metadata = subprocess.run([cargo, "metadata", "--format-version=1", "--no-deps"], cwd=ROOT,
                              check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return json.loads(metadata.stdout)["target_directory"]


class Tokenward:
    """The binary in a folder of its own."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        # The caller's own configuration must not leak in.
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("TOKENWARD")}
        self.environment["TOKENWARD__SERVER__LISTEN"] = "127.0.0.1:0"

    def run(self, *arguments, reads=""):
        return subprocess.run([self.binary, *arguments], cwd=self.folder, env=self.environment,
                              input=reads, capture_output=True, text=True, timeout=PATIENCE)

    def succeed(self, *arguments, reads=""):
        done = self.run(*arguments, reads=reads)
        if done.returncode != 0:
            raise Failed(f"`tokenward {arguments[0]}` ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def result(self, *arguments, reads=""):
        return json.loads(self.succeed(*arguments, "--json", reads=reads))


class Service:
    """A command that runs until it is stopped, from its first line to its clean end."""

    def __init__(self, tokenward, *arguments, says=LISTENING):
        self.tokenward, self.arguments, self.says = tokenward, arguments or ("serve",), says
        self.log, self.lines = [], queue.Queue()

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.tokenward.binary, *self.arguments], cwd=self.tokenward.folder,
            env=self.tokenward.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()

    def _read(self):
        for line in self.process.stdout:
            self.log.append(line)
            self.lines.put(line)
        self.lines.put(None)

    def address(self):
        """Where it listens, once it says so."""
        what = f"`{self.arguments[0]}`"
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{what} did not say where it listens") from None
            if line is None:
                raise Failed(f"{what} ended with {self.process.wait()} before it listened")
            if found := self.says.search(line):
                return found[1]

    def end(self):
        what = f"`{self.arguments[0]}`"
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{what} did not end after SIGTERM") from None
        self.reader.join()
        if code != 0:
            raise Failed(f"{what} ended with {code} after SIGTERM")


# The loopback interface needs no proxy, whatever the environment says.
HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url):
    try:
        with HTTP.open(url, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def wait_until_ready(url):
    deadline = time.monotonic() + PATIENCE
    while (status := get(f"{url}/readyz")) != 200:
        if time.monotonic() > deadline:
            raise Failed(f"/readyz still answers {status}")
        time.sleep(0.05)
