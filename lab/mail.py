#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mail.py KIND [FILE]: one message on stdout, the same each time: plain, jis, attachment, nested, html."""
import sys
from email.headerregistry import Address
from email.message import EmailMessage
from email.mime.text import MIMEText


def start(subject):
    m = EmailMessage()
    m["From"] = Address("住民課 山田", "yamada", "city.example")
    m["To"] = "suzuki@city.example, tanaka@pref.example"
    m["Cc"] = "kacho@city.example"
    m["Subject"] = subject
    m["Date"] = "Sat, 21 Nov 2026 17:00:00 +0900"
    m["Message-ID"] = "<20261121080000.1@city.example>"
    m["X-Mailer"] = "Yagura lab"
    return m


def attach(m, path, name):
    with open(path, "rb") as f:
        m.add_attachment(f.read(), maintype="application", subtype="octet-stream", filename=name)


def plain():
    m = start("Meeting on Friday")
    m.set_content("The meeting starts at 10:00.\n.\n..\nSee https://www.city.example/room?id=3 for the room.\n", cte="7bit")
    return m


def jis():
    m = MIMEText("明日の会議は十時からです。\n", "plain", "iso-2022-jp")
    m["From"], m["To"] = "yamada@city.example", "suzuki@city.example"
    m["Subject"] = "=?ISO-2022-JP?B?GyRCMnE1RCROJCpDTiRpJDsbKEI=?="
    m["Message-ID"] = "<20261121080000.2@city.example>"
    return m


def attachment():
    m = start("【重要】請求書の送付について(令和8年11月分、長い件名なので折り返される)")
    m.set_content("お世話になっております。\n請求書をお送りします。\n")
    attach(m, sys.argv[2], "請求書.pdf")
    return m


def nested():
    outer = start("Fwd: form")
    outer.set_content("See the mail below.\n")
    inner = attachment()
    outer.add_attachment(inner)
    attach(outer, sys.argv[2], "a file; with \"odd\" name.pdf")
    return outer


def html():
    m = start("お知らせ")
    m.set_content("窓口の時間が変わります。\n", cte="quoted-printable")
    m.add_alternative("<html><body><p>窓口の時間が<b>変わります</b>。</p></body></html>\n", subtype="html", cte="quoted-printable")
    return m


message = {f.__name__: f for f in (plain, jis, attachment, nested, html)}[sys.argv[1]]()
for number, part in enumerate(message.walk()):
    if part.get_content_maintype() == "multipart":
        part.set_boundary(f"=_yagura_{number}")
sys.stdout.write(message.as_string())
