"""A delegation bot: what to hold now, and why. `python3 bot.py SITE FILE [SIZE]`

FILE holds the vote accounts that are held, one a line, and is rewritten. Moving the stake is up to you. With
`listen` for SIZE it waits for deliveries of a subscription, whose secret is WEBHOOK_SECRET, on PORT.
"""

import base64
import hmac
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

# Of what may be held; each word is one of GET /api/v1/selection.
WANTED = {"max_commission": 0.05, "superminority": "false", "delinquent": "false"}
# An older look at the chain moves nothing; what happened is told from so long ago on at first.
DAY = timedelta(days=1)


def ask(site: str, path: str, **words: Any) -> dict[str, Any]:
    """An answer of the API. Raises HTTPError, whose body says what is wrong, for anything but a good one."""
    with urlopen(f"{site}/api/v1/{path}?{urlencode(words)}", timeout=30) as reply:  # noqa: S310
        return dict(json.load(reply))


def choose(site: str, held: list[str], size: str) -> list[dict[str, Any]]:
    """Everyone held or to be held, each with an action: stays, enters or leaves."""
    answer = ask(site, "selection", held=",".join(held), size=size, **WANTED)
    if not answer["as_of"] or datetime.now(UTC) - datetime.fromisoformat(answer["as_of"]) > DAY:
        raise SystemExit(f"The newest look at the chain is of {answer['as_of']}; nothing is moved.")
    return list(answer["items"])


def explain(site: str, vote_account: str) -> list[str]:
    """What costs it most, in sentences."""
    score = ask(site, f"validators/{vote_account}/score")["score"]
    parts = sorted(score["parts"], key=lambda part: part["points"]) if score else []
    return [part["sentence"] for part in parts[:2]]


def tell_changes(site: str, file: str) -> None:
    """What happened to those held (up to 200) since we asked last, or since yesterday."""
    held, place = Path(file).read_text().split(), Path(f"{file}.cursor")
    since, more = place.read_text() if place.exists() else str(datetime.now(UTC) - DAY), bool(held)
    while more:
        answer = ask(site, "events", since=since, vote_account=",".join(held))
        for one in answer["items"]:
            print(f"changed {one['vote_account']}: {one['sentence']}", flush=True)  # noqa: T201
        since, more = answer["cursor"], answer["more"]
        place.write_text(since)


def is_genuine(headers: Any, body: bytes) -> bool:
    """Whether our subscription sent this, within the last five minutes (the Standard Webhooks scheme)."""
    key = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    ours = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    known = any(
        hmac.compare_digest(ours.encode(), one.encode()) for one in headers["webhook-signature"].split()
    )
    return known and abs(time.time() - int(headers["webhook-timestamp"])) < 300


def listen(site: str, file: str) -> None:
    """A delivery is a bell: what happened is asked for, so that one that comes twice is told once."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            genuine = is_genuine(self.headers, body)
            if genuine:
                tell_changes(site, file)
            self.send_response(204 if genuine else 400)
            self.end_headers()

    HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()


def main(site: str, file: str, size: str = "20") -> None:
    if size == "listen":
        listen(site, file)
    Path(file).touch()
    tell_changes(site, file)
    chosen = choose(site, Path(file).read_text().split(), size)
    for one in chosen:
        if one["action"] != "stays":
            parts = explain(site, one["vote_account"]) if one["action"] == "enters" else []
            print(f"{one['action']} {one['vote_account']}: {one['why']}", *parts, sep="\n  ")  # noqa: T201
    Path(file).write_text("".join(f"{one['vote_account']}\n" for one in chosen if one["action"] != "leaves"))


if __name__ == "__main__":
    main(*sys.argv[1:])
