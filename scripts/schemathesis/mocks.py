"""The mocks: base URL, outbox, and the credentials of requests."""

import base64
import hashlib
import hmac
import itertools
import json
import os
import time
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import requests

DOCUMENT = os.environ["MOCK_DOCUMENT"]
BASE_URL = os.environ["MOCK_URL"]
SEEN = os.environ["MOCK_SEEN"]
SEEDS = json.loads(os.environ["MOCK_SEEDS"])

WUNDER_KEY = "test-signature-key"
FYND_KEY = b"1234567"
FYND_APPLICATION = base64.b64encode(b"64b000000000000000000001:not-a-real-token").decode()

# Two documents describe Wunder: their users must differ.
_numbers = itertools.count(500_001 if DOCUMENT == "wunder-user" else 1)
_timestamps = itertools.count(int(time.time() * 1000))


def number():
    """Returns an unused number."""
    return next(_numbers)


def signed(spec):
    """Attaches the credentials of `spec` and signs the final request."""

    def attach(request):
        # A header that schemathesis generated carries no session.
        if spec.get("bearer"):
            request.headers["Authorization"] = f"Bearer {spec['bearer']}"
        if DOCUMENT == "goodcity":
            request.headers["X-GOODCITY-APP-NAME"] = "app"
        if "/front/" in request.path_url and request.method == "POST":
            sign_wunder(request)
        if DOCUMENT == "fynd":
            if spec.get("cookie"):
                request.headers["Cookie"] = spec["cookie"]
            request.headers["Authorization"] = f"Bearer {FYND_APPLICATION}"
            sign_fynd(request)
        return request

    return attach


def sign_wunder(request):
    path, _, query = request.path_url.partition("?")
    last = path.rstrip("/").split("/")[-1]
    identifier = ""
    if "/reset/" in path or "/resend/" in path:
        identifier = unquote(last)
    elif last.startswith("create-or-sign-in") or last in ("customers", "social-sign-up"):
        try:
            body = json.loads(request.body or "null")
        except ValueError:
            body = None
        if isinstance(body, dict):
            fields = ["phoneNumber"] if last.endswith("phone-number") else ["email", "phoneNumber"]
            texts = [body.get(field) for field in fields]
            identifier = next((text for text in texts if isinstance(text, str)), "")
    else:
        return
    timestamp = str(next(_timestamps))
    text = WUNDER_KEY + timestamp + identifier + WUNDER_KEY
    signature = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    pairs = [pair for pair in parse_qsl(query) if pair[0] not in ("signature", "timestamp")]
    pairs += [("signature", signature), ("timestamp", timestamp)]
    request.url = request.url.partition("?")[0] + "?" + urlencode(pairs)


def sign_fynd(request):
    """Signs as the official clients do, in their order of steps."""
    parts = urlsplit(request.url)
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    request.headers["x-fp-sdk-version"] = "3.31.0"
    request.headers["x-fp-date"] = date
    request.headers.pop("x-fp-signature", None)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    query = "&".join(f"{name}={value}" for name, value in pairs if name != "x-fp-signature")
    headers = {"host": parts.netloc}
    for name, value in request.headers.items():
        if "x-fp-" in name.lower():
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            headers[name.lower()] = " ".join(text.split())
    names = sorted(headers)
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    canonical = "\n".join(
        [
            request.method,
            parts.path,
            query,
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    signature = hmac.new(FYND_KEY, f"{date}\n{digest}".encode(), hashlib.sha256).hexdigest()
    request.headers["x-fp-signature"] = f"v1.1:{signature}"


def call(method, path, body=None, bearer=None, cookie=None, wanted=(200, 204), base_url=BASE_URL):
    """Sends a preparatory request that must succeed."""
    spec = {"bearer": bearer, "cookie": cookie}
    response = requests.request(
        method, base_url + path, json=body, auth=signed(spec), timeout=30
    )
    if response.status_code not in wanted:
        raise RuntimeError(f"{method} {path} returned {response.status_code}")
    return response


def last_code(to):
    messages = requests.get(BASE_URL + "/__outbox", timeout=30).json()
    return next(message["code"] for message in reversed(messages) if message["to"] == to)


def totp(secret, step):
    """The code of an authenticator app, `step` half minutes from now."""
    counter = int(time.time()) // 30 + step
    digest = hmac.new(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[19] & 15
    code = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{code % 1_000_000:06}"
