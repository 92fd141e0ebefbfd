# SPDX-License-Identifier: Apache-2.0
"""Requests to web applications: tests/web/ordinary.yaml must stay silent, tests/web/attacks.yaml must be found."""
import json
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, quote_plus

import yaml

from cli_tools import HERE, call, expect

sys.path.insert(0, os.path.join(HERE, "score"))
from feeds import web_capture  # noqa: E402

HEADERS = {"Host": "www.city.example.jp", "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"}
BORDER = "----border7x"


def listed(name):
    with open(os.path.join(HERE, "web", name), encoding="utf-8") as f:
        return yaml.safe_load(f)


def get(uri, headers=()):
    return {"uri": uri, "headers": {**HEADERS, **dict(headers)}}


def post(body, kind="application/x-www-form-urlencoded"):
    return {"method": "POST", "uri": "/post", "headers": {**HEADERS, "Content-Type": kind}, "data": body}


def search(text):
    return get("/search?page=1&q=" + quote_plus(text))


def form(text):
    return post(f"id=5&text={quote_plus(text)}&send=1")


def in_json(text):
    return post(json.dumps({"id": 5, "text": text, "tags": ["a", "b"]}, ensure_ascii=False), "application/json")


def in_part(text):
    return post(f'--{BORDER}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{text}\r\n--{BORDER}--\r\n',
                "multipart/form-data; boundary=" + BORDER)


def cookie(text):
    return get("/", {"Cookie": "lang=ja; v=" + quote(text)})


def of_ordinary(lists):
    """Each request with what it was made of."""
    for name, ways in (("words", (search, form, in_json, in_part)), ("texts", (form, in_json, in_part)), ("html", (form, in_json))):
        yield from ((f"{way.__name__} {text}", way(text)) for text in lists[name] for way in ways)
    yield from ((uri, get(uri)) for uri in lists["uris"])
    yield from ((f"{name}: {value}", get("/", {name: value})) for name, value in lists["fields"])
    yield from ((body, post(body, kind)) for kind, body in lists["bodies"])


def of_attacks(lists):
    for kind, texts in lists.items():
        yield from ((f"{kind}, {way.__name__} {text}", way(text)) for text in texts for way in (search, form, in_json, cookie))


def silent_and_found(yagura, requests):
    """What each request was made of: those without an attack found, and those with one."""
    names = [name for name, _ in requests]
    with tempfile.TemporaryDirectory() as folder:
        hosts = web_capture(Path(folder, "in.pcap"), [request for _, request in requests])
        problem = expect(call(yagura, "read", "-q", "-o", folder, os.path.join(folder, "in.pcap")), 0)
        with open(os.path.join(folder, "findings.jsonl"), encoding="utf-8") as f:
            told = {f["subject"].get("address") for f in map(json.loads, f) if f["detector"] == "web.attack"}
    assert not problem, problem
    return [n for n, host in zip(names, hosts) if host not in told], [n for n, host in zip(names, hosts) if host in told]


def ordinary_requests(yagura):
    _, found = silent_and_found(yagura, [*of_ordinary(listed("ordinary.yaml"))])
    return f"{len(found)} false alarms: {found}" if found else ""


def attacking_requests(yagura):
    silent, _ = silent_and_found(yagura, [*of_attacks(listed("attacks.yaml"))])
    return f"{len(silent)} missed: {silent}" if silent else ""


TESTS = (ordinary_requests, attacking_requests)
