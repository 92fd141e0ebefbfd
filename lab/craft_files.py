# SPDX-License-Identifier: Apache-2.0
"""Files that cross the wire, for rules of ours to find: harmless texts with a marker."""
from craft_http import GET, OK, asked, conversations

MARKER = b"<!-- yagura-lab-marker: first -->"


def answer(body, length=None):
    return OK + b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % (length or len(body)) + body


def case_yara():
    """A file a rule knows, the same again, one that stops half way, one going up, one nobody knows."""
    page = b"<html>\n" + b"a line of nothing\n" * 200 + MARKER + b"\n</html>\n"
    upload = b"x" * 100 + b"second marker of ours" + b"y" * 100
    return conversations(
        (GET, answer(page)),
        (GET, answer(page)),
        (GET, answer(MARKER + b" and", 5000)),
        (asked(b"Content-Length: %d" % len(upload), line=b"PUT /up.bin HTTP/1.1", body=upload), answer(b"stored")),
        (GET, answer(b"nothing to see here")))
