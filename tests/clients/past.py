"""What no test can wait for, written into the service's database as if it had happened."""

import contextlib
import json
import pathlib
import sqlite3
import time
import uuid

HOUR = 3_600_000
# A mail server that says no, as operators find it.
REFUSAL = "550 5.1.1 <{who}>: no such mailbox"


def now():
    return time.time_ns() // 1_000_000


class Past:
    """The database of a service that runs on SQLite."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "data" / "tokenward.db"

    @contextlib.contextmanager
    def _database(self):
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as database, database:
            yield database

    def sessions_aged(self, who, hours):
        """Somebody signed in longer ago than they did."""
        with self._database() as database:
            database.execute(
                "UPDATE sessions SET auth_time = auth_time - ? WHERE user_id = "
                "(SELECT id FROM users WHERE email = ?)", [hours * HOUR, who])

    def letters_given_up(self, who, error=REFUSAL):
        """No letter to somebody could be sent. Tells how many there are."""
        with self._database() as database:
            return database.execute(
                "UPDATE outbox SET sent_at = NULL, dead_at = ?, attempts = 12, last_error = ? "
                "WHERE recipient = ? AND sent_at IS NOT NULL",
                [now(), error.format(who=who), who]).rowcount

    def letters_waiting(self, who, letters):
        """As many letters to somebody wait, for as long as any test runs."""
        with self._database() as database:
            like = database.execute("SELECT letter FROM outbox LIMIT 1").fetchone()[0]
            database.executemany(
                "INSERT INTO outbox (id, recipient, letter, priority, created_at, due_at, attempts)"
                " VALUES (?, ?, ?, 1, ?, ?, 1)",
                [[fresh(), who, like, now() - HOUR, now() + HOUR] for _ in range(letters)])

    def letters_gone(self, who):
        """There never were letters to somebody."""
        with self._database() as database:
            database.execute("DELETE FROM outbox WHERE recipient = ?", [who])

    def revocation_running(self, counted, revoked):
        """Much is being revoked. Tells under which id."""
        made = uuid.UUID(bytes=fresh())
        with self._database() as database:
            database.execute(
                "INSERT INTO bulk_revocations (id, selection, reason, requested_at, counted,"
                " revoked, position, due_at) VALUES (?, ?, 'operator', ?, ?, ?, ?, ?)",
                [made.bytes, json.dumps({"kind": "customer_session_token"}), now() - 60_000,
                 counted, revoked, bytes(16), now() + HOUR])
        return str(made)

    def breaker_open(self, origin, revoked):
        """An origin reported more than it may."""
        with self._database() as database:
            database.execute(
                "INSERT INTO breakers (origin, window_began_at, revoked, last_at, opened_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
                " opened_at = excluded.opened_at, last_at = excluded.last_at",
                [origin, now() - HOUR, revoked, now(), now()])

    def figures(self, days):
        """Something was counted in every hour of these days."""
        hour = now() // HOUR * HOUR
        rows = []
        for ago in range(days * 24):
            wave = (ago * 7) % 24
            for series, value in [("true_positives", wave % 9), ("false_positives", wave),
                                  ("revocations", wave % 9 * 2), ("outbox_age", wave * 900),
                                  ("to_commit_02", wave), ("to_commit_05", wave // 5)]:
                rows.append([hour - ago * HOUR, series, value])
        with self._database() as database:
            database.executemany(
                "INSERT INTO figures (at, series, value) VALUES (?, ?, ?)"
                " ON CONFLICT (at, series) DO UPDATE SET value = excluded.value", rows)

    def holds(self, text):
        """Whether anything that the service keeps on disk holds this text."""
        kept = self.path.parent.rglob("*")
        return any(text.encode() in path.read_bytes() for path in kept if path.is_file())


def fresh():
    """An id as the service makes them (RFC 9562 5.7)."""
    random = uuid.uuid4().int
    return uuid.UUID(int=now() << 80 | 0x7 << 76 | (random >> 64 & 0xFFF) << 64 | 0b10 << 62
                     | random & (1 << 62) - 1).bytes
