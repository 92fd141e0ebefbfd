# SPDX-License-Identifier: Apache-2.0
"""Syslog as devices send it: without host, without priority, two framings in one stream, endless lines."""
from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET


def case_forms():
    lines = [b"<189>55: *Nov 21 08:00:00.123: %SYS-5-CONFIG_I: Configured from console", b"<30>Nov 21 08:00:00 fw3 dhcpd[812]: DHCPACK on 10.30.1.10",
             b"<30>Nov  1 08:00:00 dhcpd: no host here\n", b"<34>1 2026-11-21T08:00:00.003Z host.city.example su - ID47 - 'su root' failed",
             b"<191>1 - - - - - -", b"<192>too large", b"<>", b"no priority at all", b"<13>tag: " + b"x" * 1400, b"<0>"]
    return ETHERNET, [ether(udp(CLIENT, SERVER, 44000, 514, line)) for line in lines] + [ether(udp(CLIENT, SERVER, 44001, 10514, lines[1])), ether(udp(CLIENT, SERVER, 44002, 514, b"X"))]


def case_stream():
    first, second, third, last = (Talk(sport=50030 + at, dport=601) for at in range(4))
    first.data(0, b"31 <30>Nov 21 08:00:00 fw3 a: one!31 <30>Nov 21 08:00:00 fw3 b: two!\n<30>Nov 21 08:00:00 fw3 c: line\r\n\n12345\n", 23)
    second.data(0, b"<30>1 2026-11-21T08:00:00Z h p 1 m - text\n" + b"y" * 70000, 4000)
    third.data(0, b"<30>Nov 21 08:00:00 fw3 c: no end")
    last.data(0, b"99 <30>Nov 21 08:00:00 fw3 a: cut")
    for talk in (first, second, third, last):
        talk.close()
    return ETHERNET, [ether(p) for talk in (first, second, third, last) for p in talk.packets]
