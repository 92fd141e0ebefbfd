#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""content.py FOLDER: the files a pretend city hall serves; all of it our own, the same each time."""
import random
import struct
import sys
import zipfile
import zlib


def png(width, height):
    rows = b"".join(b"\0" + bytes((x * 7 ^ y * 5) & 255 for x in range(width * 3)) for y in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def pdf(pages):
    text = b"BT /F1 14 Tf 72 720 Td (Request for a certificate of residence) Tj ET\n" * pages
    body = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text)]
    out, offsets = b"%PDF-1.4\n", []
    for i, obj in enumerate(body, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (i, obj)
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return out + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def page():
    rows = "".join(f"<tr><td>{i}番窓口</td><td>住民票の写し、印鑑登録証明書</td></tr>\n" for i in range(1, 41))
    return ("<!DOCTYPE html>\n<html lang=\"ja\"><head><meta charset=\"utf-8\"><title>見本市役所</title></head>\n"
            f"<body><h1>窓口のご案内</h1><table>\n{rows}</table></body></html>\n").encode()


def main():
    folder = sys.argv[1]
    noise = random.Random(1)
    files = {"index.html": page(), "logo.png": png(96, 48), "form.pdf": pdf(40)}
    for name, data in files.items():
        with open(f"{folder}/{name}", "wb") as f:
            f.write(data)
    with zipfile.ZipFile(f"{folder}/tool.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo("readme.txt"), "様式集\n" * 200)
        z.writestr(zipfile.ZipInfo("data.bin"), noise.randbytes(20000))


main()
