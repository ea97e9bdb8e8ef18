#!/usr/bin/env python3
"""A real SMTP server (aiosmtpd) that misbehaves on request.

    smtp_server.py --messages DIR [--port N] [--fault FAULT] [--fault-file FILE] [--port-file FILE]
                   [--certificate PEM --key PEM] [--tls implicit|starttls|starttls-required]
                   [--login USER:PASSWORD [--mechanism NAME]] [--ascii-only]

It listens on 127.0.0.1, by default on a free port, prints `listening PORT`, and ends when its
standard input ends, so it never outlives the test that started it. Every accepted message becomes
a file `NNNNNN.eml` in DIR, complete before the client hears of it; `NNNNNN.json` beside it holds
the envelope.

A FAULT is one of

    none
    refuse:STAGE:REPLY[:ADDRESS]   answer REPLY, such as `451 try later` (ADDRESS: only for it)
    drop:STAGE[:ADDRESS]           close the connection instead of answering
    hang:STAGE[:ADDRESS]           never answer
    wait:STAGE[:ADDRESS]           answer as usual once the fault is another
    lose-answer                    accept and store the message, then close without an answer
    inject                         answer STARTTLS and add a reply nobody asked for
    stutter                        answer STARTTLS twice

with STAGE one of greeting, ehlo, starttls, auth, mail, utf8 (mail for an address beyond ASCII),
rcpt, data, text (the answer after the message). As long as somebody hangs or waits, DIR holds a
file `held`. With --fault-file the fault is read from that file at every stage, so that a test can
break and mend the server while it runs.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Dropped(Exception):
    """The connection was closed on purpose."""


class Faults:
    def __init__(self, initial, path):
        self.initial, self.path = initial, path

    def current(self):
        if self.path and os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                return file.read().strip() or "none"
        return self.initial

    def at(self, stage, address):
        """What to do at `stage`: None, or (action, reply)."""
        action, _, rest = self.current().partition(":")
        wanted, _, rest = rest.partition(":")
        if action not in ("refuse", "drop", "hang", "wait") or wanted != stage:
            return None
        reply = ""
        if action == "refuse":
            reply, _, rest = rest.partition(":")
        if rest and rest.lower() != (address or "").lower():
            return None
        return action, reply


class Store:
    def __init__(self, directory):
        self.directory, self.count = directory, 0

    def write(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path + ".part", "wb") as file:
            file.write(content)
        os.rename(path + ".part", path)

    async def handle_DATA(self, server, session, envelope):
        action = server.faults.at("text", server.addressee)
        if action and (reply := await server.misbehave(*action)) is not None:
            return reply
        self.count += 1
        facts = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or server.implicit_tls,
            "login": session.auth_data.decode() if session.authenticated else None,
            "connection": server.number,
        }
        self.write(f"{self.count:06}.json", json.dumps(facts).encode())
        self.write(f"{self.count:06}.eml", envelope.original_content)
        if server.faults.current() == "lose-answer":
            await server.misbehave("drop", "")
        return "250 2.0.0 taken"


class FaultySMTP(SMTP):
    connections = 0
    held = 0

    def __init__(self, handler, faults, implicit_tls, **options):
        super().__init__(handler, **options)
        self.faults, self.implicit_tls, self.addressee = faults, implicit_tls, None
        self.greeted, self.stuttered = False, False
        FaultySMTP.connections += 1
        self.number = FaultySMTP.connections

    async def misbehave(self, action, reply):
        if action in ("hang", "wait"):
            await self.hold(forever=action == "hang")
            return None
        if action == "drop":
            if self.transport is not None:
                self.transport.abort()
            raise Dropped
        return reply

    async def hold(self, forever):
        store, fault = self.event_handler, self.faults.current()
        FaultySMTP.held += 1
        store.write("held", b"")
        try:
            while forever or self.faults.current() == fault:
                await asyncio.sleep(0.005)
        finally:
            FaultySMTP.held -= 1
            if FaultySMTP.held == 0:
                os.unlink(os.path.join(store.directory, "held"))

    async def fault(self, stage):
        """True when the stage was answered, hung or dropped here."""
        action = self.faults.at(stage, self.addressee)
        if action is None:
            return False
        reply = await self.misbehave(*action)
        if reply is None:
            return False
        await SMTP.push(self, reply)
        return True

    async def push(self, status):
        if not self.greeted:
            self.greeted = True
            if await self.fault("greeting"):
                self.transport.close()
                raise Dropped
        await super().push(status)

    async def handle_exception(self, error):
        return "421 gone" if isinstance(error, Dropped) else await super().handle_exception(error)

    async def _handle_client(self):
        try:
            await super()._handle_client()
        except (Dropped, ConnectionError):
            pass

    async def smtp_EHLO(self, hostname):
        if not await self.fault("ehlo"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg):
        if await self.fault("starttls"):
            return
        extra = {"inject": b"250 not asked for\r\n", "stutter": b"220 once more\r\n"}
        extra = extra.get(self.faults.current())
        if extra:
            # One write, as an attacker on the wire would place it (CVE-2011-0411).
            self._writer.write(b"220 go ahead\r\n" + extra)
            await self._writer.drain()
            await asyncio.Event().wait()
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg):
        if not await self.fault("auth"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        self.addressee = None
        beyond_ascii = "SMTPUTF8" in (arg or "")
        if not (beyond_ascii and await self.fault("utf8")) and not await self.fault("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        self.addressee = (arg or "").partition("<")[2].partition(">")[0]
        if not await self.fault("rcpt"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        if not await self.fault("data"):
            await super().smtp_DATA(arg)


def authenticator(login):
    user, _, password = login.partition(":")

    def check(server, session, envelope, mechanism, data):
        right = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=right, handled=False, auth_data=data.login)

    return check


async def serve(options):
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
    implicit = options.tls == "implicit"
    faults, store = Faults(options.fault, options.fault_file), Store(options.messages)
    settings = {
        "hostname": "mail.test",
        "enable_SMTPUTF8": not options.ascii_only,
        "tls_context": context if options.tls.startswith("starttls") else None,
        "require_starttls": options.tls == "starttls-required",
    }
    if options.login:
        settings.update(
            authenticator=authenticator(options.login),
            auth_required=True,
            auth_require_tls=False,
            auth_exclude_mechanism={"PLAIN", "LOGIN"} - {options.mechanism} if options.mechanism else (),
        )

    def connection():
        return FaultySMTP(store, faults, implicit, **settings)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        connection, "127.0.0.1", options.port, ssl=context if implicit else None
    )
    port = server.sockets[0].getsockname()[1]
    if options.port_file:
        store.write(os.path.abspath(options.port_file), str(port).encode())
    print(f"listening {port}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", default="none")
    parser.add_argument("--fault-file")
    parser.add_argument("--port-file")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--tls", default="none")
    parser.add_argument("--login")
    parser.add_argument("--mechanism")
    parser.add_argument("--ascii-only", action="store_true")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
