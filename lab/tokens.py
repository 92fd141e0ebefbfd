# SPDX-License-Identifier: Apache-2.0
"""NTLM, SPNEGO and Kerberos tokens for crafted captures, built from MS-NLMP, RFC 4178 and RFC 4120."""
import struct

UNICODE, VERSION, ESS, SIGN, TARGET_INFO = 1, 0x2000000, 0x80000, 0x10, 0x800000
FLAGS = 0x40000000 | 0x20000000 | VERSION | TARGET_INFO | ESS | SIGN | 0x200 | 4 | UNICODE
TIME = (1_700_000_000 + 11_644_473_600) * 10_000_000  # FILETIME of the captures


def utf16(text):
    return text.encode("utf-16-le")


def version(text="10.0.19041", revision=15):
    major, minor, build = (int(part) for part in text.split("."))
    return struct.pack("<BBH3xB", major, minor, build, revision)


def payload(at, parts):
    """Fields (length, room, offset) and the bytes they point to."""
    fields, data = [], b""
    for part in parts:
        fields.append(struct.pack("<HHI", len(part), len(part), at + len(data)))
        data += part
    return fields, data


def av_pairs(nb_computer="FILES", nb_domain="TOWN", dns_computer="files.town.example", dns_domain="town.example",
             dns_tree="town.example", time=TIME, target=None):
    pairs = [(2, utf16(nb_domain)), (1, utf16(nb_computer)), (4, utf16(dns_domain)), (3, utf16(dns_computer)), (5, utf16(dns_tree))]
    pairs += [(7, struct.pack("<Q", time))] if time else []
    pairs += [(9, utf16(target)), (10, bytes(16))] if target else []
    return b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in pairs) + bytes(4)


def negotiate(domain=b"", host=b"", os="10.0.19041", flags=0x2000207 | ESS):
    (domain_field, host_field), data = payload(40, [domain, host])
    return b"NTLMSSP\0" + struct.pack("<II", 1, flags) + domain_field + host_field + version(os) + data


def challenge(target="TOWN", pairs=None, os="10.0.20348", flags=FLAGS, nonce=b"\x01\x23\x45\x67\x89\xab\xcd\xef"):
    (name, info), data = payload(56, [utf16(target), av_pairs() if pairs is None else pairs])
    return b"NTLMSSP\0" + struct.pack("<I", 2) + name + struct.pack("<I", flags) + nonce + bytes(8) + info + version(os) + data


def ntlmv2_response(pairs):
    return bytes(range(16)) + b"\1\1" + bytes(6) + struct.pack("<Q", TIME) + b"\xaa" * 8 + bytes(4) + pairs + bytes(4)


def authenticate(user="mayor", domain="TOWN", host="DESK7", os="10.0.19041", flags=FLAGS, nt=None, lm=bytes(24), mic=b"\x5a" * 16):
    nt = ntlmv2_response(av_pairs(target="cifs/files.town.example")) if nt is None else nt
    fields, data = payload(72 + len(mic), [lm, nt, utf16(domain), utf16(user), utf16(host), b"\x11" * 16])
    return b"NTLMSSP\0" + struct.pack("<I", 3) + b"".join(fields) + struct.pack("<I", flags) + version(os) + mic + data


def der(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + size + body


def oid(text):
    first, second, *rest = (int(part) for part in text.split("."))
    out = bytes([first * 40 + second])
    for arc in rest:
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.insert(0, arc & 127 | 128)
        out += bytes(groups)
    return der(6, out)


SPNEGO, NTLMSSP, KRB5 = "1.3.6.1.5.5.2", "1.3.6.1.4.1.311.2.2.10", "1.2.840.113554.1.2.2"
MS_KRB5, NEGOEX = "1.2.840.48018.1.2.2", "1.3.6.1.4.1.311.2.2.30"


def gss(mech, token):
    return der(0x60, oid(mech), token)


def spnego_init(token, mechs=(MS_KRB5, KRB5, NEGOEX, NTLMSSP)):
    members = der(0xa0, der(0x30, *(oid(mech) for mech in mechs)))
    members += der(0xa2, der(4, token)) if token else b""
    return gss(SPNEGO, der(0xa0, der(0x30, members)))


def spnego_response(state=None, mech=None, token=None):
    members = der(0xa0, der(10, bytes([state]))) if state is not None else b""
    members += der(0xa1, oid(mech)) if mech else b""
    members += der(0xa2, der(4, token)) if token else b""
    return der(0xa1, der(0x30, members))
