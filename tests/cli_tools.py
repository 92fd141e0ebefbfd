# SPDX-License-Identifier: Apache-2.0
"""What command-line tests share: calling the program, and comparing what it says."""
import os
import subprocess

from goldens import HERE

GET = os.path.join(HERE, "pcap/http/get/in.pcap")
DAY = os.path.join(HERE, "pcap/cityhall/day/in.pcap")


def call(yagura, *args, stdin=None, **more):
    return subprocess.run([yagura, *args], capture_output=True, input=stdin, timeout=60, **more)


def expect(done, status, stdout=None, stderr=None):
    """'' when the run ended with `status` and said the texts, else what it did instead."""
    said = f"exit status {done.returncode}\nstdout: {done.stdout[-800:]!r}\nstderr: {done.stderr[-1500:]!r}"
    if done.returncode != status:
        return f"exit status should be {status}\n{said}"
    for name, text, got in (("stdout", stdout, done.stdout), ("stderr", stderr, done.stderr)):
        if text is not None and text.encode() not in got:
            return f"{name} should hold {text!r}\n{said}"
    return ""
