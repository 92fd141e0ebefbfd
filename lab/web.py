#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""web.py PORT: an HTTP/1.1 server for what nginx does not do by itself: chunks, trailers, codings."""
import sys
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = "窓口のご案内 Yagura lab\n".encode() * 60


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunks(self, trailer=b""):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(TEXT), 700):
            part = TEXT[at:at + 700]
            self.wfile.write(b"%x;note=lab\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
            time.sleep(0.01)
        self.wfile.write(b"0\r\n" + trailer + b"\r\n")

    def do_GET(self):
        if self.path == "/chunked":
            self.chunks()
        elif self.path == "/trailer":
            self.chunks(b"X-Checksum: 12345\r\n")
        elif self.path == "/brotli":
            import brotli
            self.reply(200, brotli.compress(TEXT), Content_Type="text/plain", Content_Encoding="br")
        elif self.path == "/deflate":
            self.reply(200, zlib.compress(TEXT), Content_Type="text/plain", Content_Encoding="deflate")
        elif self.path == "/close":
            self.protocol_version = "HTTP/1.0"
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(TEXT)
            self.close_connection = True
        elif self.path == "/private" and "Authorization" not in self.headers:
            self.reply(401, b"", WWW_Authenticate='Basic realm="clerks"')
        elif self.path == "/socket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(b"\x81\x05hello")
            time.sleep(0.3)
            self.close_connection = True
        else:
            self.reply(200, TEXT, Content_Type="text/plain; charset=utf-8")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while (size := int(self.rfile.readline().split(b";")[0], 16)) > 0:
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(201, b'{"ok":true}', Content_Type="application/json")

    do_PUT = do_POST

    def do_CONNECT(self):
        self.reply(403, b"no tunnels here", Content_Type="text/plain")


ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
