"""A delegation bot: what to hold now, and why. `python3 bot.py SITE FILE [SIZE]`

FILE holds the vote accounts that are held, one a line, and is rewritten. Moving the stake is up to you.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

# Of what may be held; each word is one of GET /api/v1/selection.
WANTED = {"max_commission": 0.05, "superminority": "false", "delinquent": "false"}
# An older look at the chain moves nothing.
OLDEST = timedelta(days=1)


def ask(site: str, path: str, **words: Any) -> dict[str, Any]:
    """An answer of the API. Raises HTTPError, whose body says what is wrong, for anything but a good one."""
    with urlopen(f"{site}/api/v1/{path}?{urlencode(words)}", timeout=30) as reply:  # noqa: S310
        return dict(json.load(reply))


def choose(site: str, held: list[str], size: str) -> list[dict[str, Any]]:
    """Everyone held or to be held, each with an action: stays, enters or leaves."""
    answer = ask(site, "selection", held=",".join(held), size=size, **WANTED)
    if not answer["as_of"] or datetime.now(UTC) - datetime.fromisoformat(answer["as_of"]) > OLDEST:
        raise SystemExit(f"The newest look at the chain is of {answer['as_of']}; nothing is moved.")
    return list(answer["items"])


def explain(site: str, vote_account: str) -> list[str]:
    """What costs it most, in sentences."""
    score = ask(site, f"validators/{vote_account}/score")["score"]
    parts = sorted(score["parts"], key=lambda part: part["points"]) if score else []
    return [part["sentence"] for part in parts[:2]]


def main(site: str, file: str, size: str = "20") -> None:
    held = Path(file).read_text().split() if Path(file).exists() else []
    chosen = choose(site, held, size)
    for one in chosen:
        if one["action"] != "stays":
            parts = explain(site, one["vote_account"]) if one["action"] == "enters" else []
            print(f"{one['action']} {one['vote_account']}: {one['why']}", *parts, sep="\n  ")  # noqa: T201
    Path(file).write_text("".join(f"{one['vote_account']}\n" for one in chosen if one["action"] != "leaves"))


if __name__ == "__main__":
    main(*sys.argv[1:])
