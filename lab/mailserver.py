#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mailserver.py PORT [CERTIFICATE KEY]: takes every mail and forgets it (aiosmtpd); STARTTLS with a certificate."""
import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Forget:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        return "250 2.0.0 queued as LAB0001"


async def main():
    context = None
    if len(sys.argv) > 3:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Forget(), hostname="mail.city.example", ident="Yagura lab ESMTP", tls_context=context,
                     enable_SMTPUTF8=True, auth_require_tls=False,
                     authenticator=lambda *_: AuthResult(success=True)), None, int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
