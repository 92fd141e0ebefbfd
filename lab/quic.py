#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""quic.py [CASE]...: QUIC handshakes as tests/pcap/quic/CASE/in.pcap, packet by packet.

The hellos are those of OpenSSL, as client and server; the packets around them are made here after
RFC 9000, 9001 and 9369, so that Retry, versions and pieces come as a test wants them. What follows
the hellos is random bytes in the form of Handshake and 1-RTT packets. Needs libcrypto.
"""
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import ssl
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests")]
import craft  # noqa: E402

crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for function in ("EVP_CIPHER_CTX_new", "EVP_aes_128_ecb", "EVP_aes_128_gcm"):
    getattr(crypto, function).restype = ctypes.c_void_p

V1, V2, DRAFT_29 = 1, 0x6b3343cf, 0xff00001d
SALTS = {V1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", V2: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
         DRAFT_29: "afbfec289993d24c9e9786f19c6111e04390a899"}
CLIENT_ID, SERVER_ID, RETRY_ID = b"city-cid", b"server-1", b"retry-id"
INITIAL, HANDSHAKE, RETRY = 0, 2, 3


def seal(kind, key, nonce, header, data):
    """AES-128: one block of ECB, or GCM with its tag."""
    c = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out, n = ctypes.create_string_buffer(len(data) + 32), ctypes.c_int()
    cipher = ctypes.c_void_p(crypto.EVP_aes_128_ecb() if kind == "ecb" else crypto.EVP_aes_128_gcm())
    crypto.EVP_EncryptInit_ex(c, cipher, None, key, nonce)
    if kind == "gcm":
        crypto.EVP_EncryptUpdate(c, None, ctypes.byref(n), header, len(header))
    crypto.EVP_EncryptUpdate(c, out, ctypes.byref(n), data, len(data))
    result = out.raw[:len(data)]
    if kind == "gcm":
        tag = ctypes.create_string_buffer(16)
        crypto.EVP_EncryptFinal_ex(c, out, ctypes.byref(n))
        crypto.EVP_CIPHER_CTX_ctrl(c, 0x10, 16, tag)
        result += tag.raw
    crypto.EVP_CIPHER_CTX_free(c)
    return result


def expand(secret, label, size):
    label = b"tls13 " + label
    info = struct.pack(">HB", size, len(label)) + label + b"\0\1"
    return hmac.new(secret, info, hashlib.sha256).digest()[:size]


def keys(version, cid, side):
    first = hmac.new(bytes.fromhex(SALTS[version]), cid, hashlib.sha256).digest()
    secret = expand(first, b"client in" if side == 0 else b"server in", 32)
    name = b"quicv2 " if version == V2 else b"quic "
    return [expand(secret, name + what, size) for what, size in ((b"key", 16), (b"iv", 12), (b"hp", 16))]


def long_header(version, kind, dcid, scid):
    if version == V2:
        kind = (kind + 1) % 4
    return bytes([0xc0 | kind << 4]) + struct.pack(">I", version) + bytes([len(dcid)]) + dcid + bytes([len(scid)]) + scid


def initial(version, side, secret_cid, dcid, scid, number, frames, size=1200):
    """An Initial packet, padded to `size`."""
    key, iv, hp = keys(version, secret_cid, side)
    header = long_header(version, INITIAL, dcid, scid) + b"\0"
    length = size - len(header) - 2
    header = bytes([header[0] | 1]) + header[1:] + struct.pack(">HH", 0x4000 | length, number)
    nonce = iv[:10] + bytes(a ^ b for a, b in zip(iv[10:], struct.pack(">H", number)))
    body = seal("gcm", key, nonce, header, frames.ljust(length - 2 - 16, b"\0"))
    mask = seal("ecb", hp, None, b"", body[2:18])
    masked = bytes([header[0] ^ mask[0] & 15]) + header[1:-2] + bytes(a ^ b for a, b in zip(header[-2:], mask[1:3]))
    return masked + body


def crypto_frame(at, data):
    return b"\x06" + struct.pack(">HH", 0x4000 | at, 0x4000 | len(data)) + data


def noise(size, name):
    out = b""
    while len(out) < size:
        out += hashlib.sha256(name + struct.pack(">I", len(out))).digest()
    return out[:size]


def handshake_packet(version, dcid, scid, size):
    return long_header(version, HANDSHAKE, dcid, scid) + struct.pack(">H", 0x4000 | size) + noise(size, b"handshake")


def short(dcid, size):
    return b"\x45" + dcid + noise(size, b"1-rtt")


def hellos(name="www.city.example"):
    """(ClientHello, ServerHello) of a TLS 1.3 handshake in memory."""
    with tempfile.TemporaryDirectory() as work:
        key, cert = os.path.join(work, "key"), os.path.join(work, "cert")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                        "-subj", "/CN=" + name], check=True, capture_output=True)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(cert, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.minimum_version = ssl.TLSVersion.TLSv1_3
    for side in (client, server):
        side.set_alpn_protocols(["h3"])
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True)
    result = []
    for end, out in zip(ends, (up, down)):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass
        record = out.read()
        result.append(record[5:5 + struct.unpack(">H", record[3:5])[0]])
        if out is up:
            out.write(record)
    return result


def udp(side, payload, port=50443):
    hosts, ports = (craft.CLIENT, craft.SERVER), (port, 443)
    packet = craft.udp(hosts[side], hosts[1 - side], ports[side], ports[1 - side], payload)
    return craft.ether(packet, src=hosts[side], dst=hosts[1 - side])


def answer(version, cid, hello):
    """The server's flight: its hello and the beginning of what is encrypted, in one datagram."""
    first = initial(version, 1, cid, b"", SERVER_ID, 0, b"\x02\0\0\0\0" + crypto_frame(0, hello), 600)
    return udp(1, first + handshake_packet(version, b"", SERVER_ID, 560))


def rest(version):
    return [udp(0, handshake_packet(version, SERVER_ID, b"", 60)), udp(0, short(SERVER_ID, 300)), udp(1, short(b"", 900))]


def plain(version):
    client, server = hellos()
    first = initial(version, 0, CLIENT_ID, CLIENT_ID, b"", 0, crypto_frame(0, client))
    return [udp(0, first), answer(version, CLIENT_ID, server)] + rest(version)


def case_v1():
    return plain(V1)


def case_v2():
    return plain(V2)


def case_draft_29():
    return plain(DRAFT_29)


def case_shuffled():
    """The hello in six pieces over two packets, the second one first."""
    client, server = hellos()
    size = len(client) // 6 + 1
    pieces = [crypto_frame(at, client[at:at + size]) for at in range(0, len(client), size)]
    packets = [initial(V1, 0, CLIENT_ID, CLIENT_ID, b"", number, b"\x01".join(pieces[i] for i in which))
               for number, which in ((1, (4, 0, 2)), (0, (5, 3, 1)))]
    return [udp(0, p) for p in packets] + [answer(V1, CLIENT_ID, server)] + rest(V1)


def case_retry():
    client, server = hellos()
    retry = long_header(V1, RETRY, b"", RETRY_ID) + b"token of the server" + noise(16, b"tag")
    return [udp(0, initial(V1, 0, CLIENT_ID, CLIENT_ID, b"", 0, crypto_frame(0, client))), udp(1, retry),
            udp(0, initial(V1, 0, RETRY_ID, RETRY_ID, b"", 1, crypto_frame(0, client))),
            answer(V1, RETRY_ID, server)] + rest(V1)


def case_negotiation():
    client, server = hellos()
    offer = b"\x80" + struct.pack(">I", 0) + b"\0" + bytes([8]) + CLIENT_ID + struct.pack(">II", V1, V2)
    again = hellos()[0]
    return [udp(0, initial(DRAFT_29, 0, CLIENT_ID, CLIENT_ID, b"", 0, crypto_frame(0, client))), udp(1, offer),
            udp(0, initial(V1, 0, CLIENT_ID, CLIENT_ID, b"", 0, crypto_frame(0, again))),
            answer(V1, CLIENT_ID, server)] + rest(V1)


def case_damaged():
    """One bit of the second half of a hello is wrong."""
    client, server = hellos()
    half = len(client) // 2
    first = initial(V1, 0, CLIENT_ID, CLIENT_ID, b"", 0, crypto_frame(0, client[:half]))
    second = bytearray(initial(V1, 0, CLIENT_ID, CLIENT_ID, b"", 1, crypto_frame(half, client[half:])))
    second[400] ^= 1
    return [udp(0, first), udp(0, bytes(second)), answer(V1, CLIENT_ID, server)] + rest(V1)


def main():
    for name in sys.argv[1:] or [n[5:] for n in globals() if n.startswith("case_")]:
        craft.save("quic", name, 1, globals()["case_" + name]())
        with open(os.path.join(craft.TOP, "tests/pcap/quic", name, "cmd"), "w") as f:
            f.write(f"lab/quic.py {name}\n{ssl.OPENSSL_VERSION}\n")


if __name__ == "__main__":
    main()
