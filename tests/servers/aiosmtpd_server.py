#!/usr/bin/python3
"""aiosmtpd with listeners and accounts from a JSON file, for the tests.

Usage: aiosmtpd_server.py SETTINGS.json

Each message goes to MAILBOX/NNNNNN.eml, octets as received after dot-unstuffing, with its envelope
in NNNNNN.json. A file named by "script" may hold replies that override the usual ones; it is read
again at every command: {"mail": {LOCALPART: REPLY}, "rcpt": {...}, "data": {...}, "eod": {...}}, where the
key is the local part of the sender or recipient or "*", and REPLY a reply, its lines separated by CRLF.
"""
import asyncio
import json
import os
import signal
import ssl
import sys

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, LoginPassword

with open(sys.argv[1], encoding="utf-8") as settings_file:
    SETTINGS = json.load(settings_file)
USERS = {user["user"].encode(): user["pass"].encode() for user in SETTINGS["users"]}

RECIPIENT_REPLIES = {
    "bad": "550 5.1.1 no such user",
    "nosuch": "550 5.1.1 no such user",
    "full": "552 5.2.2 mailbox full",
    "grey": "450 4.2.0 greylisted, try again in 1 second",
    "multi": "550-5.7.1 line one\r\n550-5.7.1 line two\r\n550 5.7.1 line three",
}
SENDER_REPLIES = {"badsender": "553 5.1.8 bad sender", "greysender": "451 4.7.1 try later"}
END_OF_DATA_REPLIES = {"eod5xx": "554 5.7.1 content refused after data", "eod4xx": "451 4.3.0 refused after data"}


def local_part(address):
    return address.rpartition("@")[0]


def scripted(step, names):
    """The reply that the script file has for this step and one of these names, or None."""
    try:
        with open(SETTINGS["script"], encoding="utf-8") as script_file:
            replies = json.load(script_file).get(step, {})
    except FileNotFoundError:
        return None
    for name in [*names, "*"]:
        if name in replies:
            return replies[name]
    return None


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and USERS.get(data.login) == data.password
    return AuthResult(success=True, auth_data=data.login) if good else AuthResult(success=False, handled=False)


class Handler:
    count = 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        name = local_part(address or "")
        refusal = scripted("mail", [name]) or SENDER_REPLIES.get(name)
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = local_part(address)
        refusal = scripted("rcpt", [name]) or RECIPIENT_REPLIES.get(name)
        if refusal:
            return refusal
        if name == "slow":
            await asyncio.sleep(3)
        if name == "gone421":
            await server.push("421 4.3.2 shutting down now")
            server.transport.close()
            return MISSING
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.append(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        names = [local_part(address) for address in envelope.rcpt_tos]
        refusal = scripted("eod", names) or next((END_OF_DATA_REPLIES[name] for name in names if name in END_OF_DATA_REPLIES), None)
        if refusal:
            return refusal
        Handler.count += 1
        base = "%s/%06d" % (SETTINGS["mailbox"], Handler.count)
        content = envelope.original_content
        with open(base + ".json", "w", encoding="utf-8") as out:
            json.dump({
                "from": envelope.mail_from, "to": envelope.rcpt_tos,
                "mailOptions": envelope.mail_options, "rcptOptions": envelope.rcpt_options,
                "helo": session.host_name, "user": (session.auth_data or b"").decode("utf-8", "replace"), "secure": session.ssl is not None,
            }, out)
        with open(base + ".tmp", "wb") as out:
            out.write(content)
        os.rename(base + ".tmp", base + ".eml")
        accepted = "250 2.0.0 OK queued as %06d" % Handler.count
        # LMTP answers once for each recipient (RFC 2033 4.2).
        return "\r\n".join([accepted] * len(envelope.rcpt_tos)) if isinstance(server, LMTP) else accepted


class ScriptedSMTP(SMTP):
    """DATA itself can be refused by the script; aiosmtpd has no handler for that."""

    async def smtp_DATA(self, arg):
        reply = scripted("data", [local_part(address) for address in self.envelope.rcpt_tos]) if self.envelope.rcpt_tos else None
        if reply:
            await self.push(reply)
            return
        await super().smtp_DATA(arg)


class ScriptedLMTP(ScriptedSMTP, LMTP):
    pass


async def main():
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SETTINGS["cert"], SETTINGS["key"])
    handler = Handler()
    for listener in SETTINGS["listeners"].values():
        tls = listener["tls"]
        protocol = ScriptedLMTP if listener["protocol"] == "lmtp" else ScriptedSMTP
        options = {
            "hostname": "aiosmtpd.lab.test", "enable_SMTPUTF8": True, "decode_data": False, "timeout": 30,
            "data_size_limit": listener["sizeLimit"] or None, "authenticator": authenticate,
            "auth_require_tls": tls == "required", "auth_required": listener["auth"] == "required",
            "tls_context": context if tls in ("starttls", "required") else None, "require_starttls": tls == "required",
        }
        await loop.create_server(lambda protocol=protocol, options=options: protocol(handler, **options), "127.0.0.1", listener["port"],
                                 ssl=context if tls == "implicit" else None)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()


asyncio.run(main())
