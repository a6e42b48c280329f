"""A mail server that others wrote (aiosmtpd), for the mail channel: STARTTLS and authentication are required.

Prints one JSON line with its port, then one for each mail as the e-mail package of Python reads it. Ends with its input.
Arguments: certificate file, key file, user, password, mechanisms to leave out.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

certificate, key, user, password, *left_out = sys.argv[1:]


def say(what):
    print(json.dumps(what), flush=True)


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
    session.mechanism = mechanism
    return AuthResult(success=good, handled=False)


class Mailbox:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            "tls": session.ssl is not None,
            "mechanism": getattr(session, "mechanism", ""),
            "mail_from": envelope.mail_from,
            "rcpt_to": envelope.rcpt_tos,
            "from": [[a.display_name, a.addr_spec] for a in mail["from"].addresses],
            "to": [a.addr_spec for a in mail["to"].addresses],
            "subject": mail["subject"],
            "message_id": mail["message-id"],
            "date": mail["date"].datetime.isoformat(),
            "body": mail.get_content(),
            "defects": [repr(d) for d in mail.defects],
        })
        return "250 taken"


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)

def session():
    return SMTP(
        Mailbox(), tls_context=context, require_starttls=True, decode_data=False,
        authenticator=authenticate, auth_required=True, auth_exclude_mechanism=left_out,
    )


async def main():
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    say({"port": server.sockets[0].getsockname()[1]})
    await asyncio.to_thread(sys.stdin.read)
    server.close()


asyncio.run(main())
