#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""imapclient.py SERVER PDF: reads the mailbox and files a mail away."""
import imaplib
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
mail = subprocess.run([sys.executable, os.path.join(here, "mail.py"), "attachment", sys.argv[2]], capture_output=True, check=True).stdout
box = imaplib.IMAP4(sys.argv[1])
box.login("yamada", "secret")
box.create("&UWyIaA-")  # 公表, in modified UTF-7
box.append("&UWyIaA-", "\\Seen", None, mail)
box.select("INBOX")
box.search(None, "ALL")
for number in ("1", "2", "3"):
    box.fetch(number, "(RFC822)")
box.fetch("1:2", "(BODY.PEEK[HEADER])")
box.uid("FETCH", "1:3", "(FLAGS BODY.PEEK[])")
box.store("1", "+FLAGS", "\\Deleted")
try:
    box.select("none")
except imaplib.IMAP4.error:
    pass
box.logout()
