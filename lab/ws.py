#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ws.py serve ADDRESS PORT: answers every message with itself. ws.py plain|deflate|fragments|many URL: a client."""
import asyncio
import sys

import websockets


async def echo(socket, *_):
    async for message in socket:
        await socket.send(message)


async def serve(address, port):
    async with websockets.serve(echo, address, int(port), subprotocols=["desk.v1"], ping_interval=None):
        await asyncio.Future()


async def talk(kind, url):
    options = {"compression": "deflate" if kind == "deflate" else None, "subprotocols": ["desk.v1", "desk.v0"]}
    async with websockets.connect(url, ping_interval=None, **options) as socket:
        if kind == "many":
            for at in range(150):
                await socket.send(f"{at}")
                await socket.recv()
            return
        if kind == "fragments":
            await socket.send(["住民票の", "写しを", "ください"])
            await socket.send([b"\0" * 200, b"\1" * 70000])
        else:
            for text in ("hello", "{\"room\": 3, \"who\": \"hanako\"}" * 20, "hello"):
                await socket.send(text)
                await socket.recv()
            await (await socket.ping(b"still there?"))
            await socket.send(b"\0\1\2\3")
        await socket.recv()
        await socket.close(1000, "done")


asyncio.run(serve(*sys.argv[2:]) if sys.argv[1] == "serve" else talk(*sys.argv[1:]))
