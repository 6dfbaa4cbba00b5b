"""Runs the bot whenever something happened: `WEBHOOK_SECRET=whsec_… python3 listen.py SITE FILE [SIZE]`."""

import base64
import hmac
import os
import subprocess
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
BOT = [sys.executable, str(Path(__file__).with_name("bot.py")), *sys.argv[1:]]


def is_genuine(headers: Message, body: bytes) -> bool:
    """Whether our subscription sent it within the last five minutes (the Standard Webhooks scheme)."""
    name, sent = headers["webhook-id"], headers["webhook-timestamp"]
    digest = hmac.digest(KEY, f"{name}.{sent}.".encode() + body, "sha256")
    ours = b"v1," + base64.b64encode(digest)
    signed = any(
        hmac.compare_digest(ours, one.encode()) for one in headers.get("webhook-signature", "").split()
    )
    return signed and abs(time.time() - int(sent)) < 300


class Receiver(BaseHTTPRequestHandler):
    """A delivery is a bell: the bot asks what happened, so that one that comes twice is told once."""

    def do_POST(self) -> None:
        genuine = is_genuine(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
        done = genuine and subprocess.run(BOT).returncode == 0
        self.send_response(204 if done else 500 if genuine else 400)
        self.end_headers()


HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()
