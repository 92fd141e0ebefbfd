# SPDX-License-Identifier: Apache-2.0
"""Command-line tests of rules that are loaded anew (SIGHUP) while packets pass."""
import json
import os
import signal
import struct
import subprocess
import tempfile
import threading
import time

RULE = 'alert udp any any -> any 9 (msg:"every packet"; content:"here"; sid:{};)\n'
HEADER = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
ONES = 400  # packets written at a time
BATCHES = 20  # more than are on their way at once


def packet(number):
    """Raw IPv4 and UDP with a payload the rule asks for; one of eight hosts, a millisecond behind the one before."""
    udp = struct.pack("!HHHH", 1000, 9, 16, 0) + b"here%04d" % (number % 10000)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes((192, 0, 2, number % 8)), bytes((198, 51, 100, 7)))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + ip[12:]
    seconds, rest = divmod(number, 1000)
    return struct.pack("<IIII", 1_700_000_000 + seconds, rest * 1000, len(ip + udp), len(ip + udp)) + ip + udp


class Load(threading.Thread):
    """Packets without an end, until it is told."""
    def __init__(self, pipe):
        super().__init__()
        self.pipe, self.sent, self.stop = pipe, 0, False

    def pass_on(self):
        """Until batches have begun behind what was sent so far."""
        until = self.sent + BATCHES * 1024
        while self.sent < until and self.is_alive():
            time.sleep(0.01)

    def run(self):
        self.pipe.write(HEADER)
        while not self.stop:
            self.pipe.write(b"".join(map(packet, range(self.sent, self.sent + ONES))))
            self.pipe.flush()
            self.sent += ONES
            time.sleep(0.002)
        self.pipe.close()


def write(path, text):
    """As whoever updates rules does it: whole, or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path + ".new", path)


def reload(child, path, text, word):
    """What the program says about the new rules, up to the line that ends it."""
    write(path, text)
    child.send_signal(signal.SIGHUP)
    said = b""
    while word not in said:
        line = child.stderr.readline()
        if not line:
            break
        said += line
    return said


def alerts(folder):
    """(sids in order, packets counted)"""
    with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as f:
        records = [json.loads(line) for line in f]
    return [r["alert"]["signature_id"] for r in records if r["event_type"] == "alert"], records[-1]["stats"]["decoder"]["pkts"]


def reloaded(yagura, workers):
    """Each packet is tested by one set of rules; new ones are taken up, broken ones are told and change nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "local.rules")
        write(path, RULE.format(1))
        args = [yagura, "read", "-q", "--workers", workers, "--rules", path, "-o", folder, "-"]
        child = subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                 preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        load = Load(child.stdin)
        load.start()
        try:
            load.pass_on()
            new = reload(child, path, RULE.format(2), b"in force")
            load.pass_on()
            broken = reload(child, path, "# nothing good\n" + RULE.format(3).replace("content", "contents"), b"stay")
            os.unlink(path)
            write(path + ".x", "")
            gone = reload(child, path + ".x", "", b"stay")
            again = reload(child, path, RULE.format(4), b"in force")
            load.pass_on()
        finally:
            load.stop = True
            load.join()
        rest = child.stderr.read()
        status = child.wait(timeout=60)
        sids, packets = alerts(folder)
    said = new + broken + gone + again + rest
    if status != 0 or b"local.rules:2: contents: " not in broken or b"local.rules" not in gone:
        return f"exit status {status}, {said!r}"
    order = sorted(set(sids))
    if len(sids) != load.sent or packets != load.sent or order != [1, 2, 4] or sids != sorted(sids):
        return f"{load.sent} packets, {packets} counted, alerts {[(sid, sids.count(sid)) for sid in order]}, in order: {sids == sorted(sids)}, {said!r}"
    return ""


def reloaded_alone(yagura):
    return reloaded(yagura, "1")


def reloaded_together(yagura):
    return reloaded(yagura, "3")


TESTS = (reloaded_alone, reloaded_together)
