"""What to hold now, and why: `python3 bot.py SITE FILE [SIZE]`. FILE has what is held, and is rewritten."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

WANTED = {"max_commission": 0.05, "superminority": "false", "delinquent": "false"}
DAY_AGO = (datetime.now(UTC) - timedelta(days=1)).isoformat()
site, file, size = sys.argv[1], Path(sys.argv[2]), (*sys.argv[3:], "20")[0]


def ask(path: str, **words: Any) -> Any:
    """Raises HTTPError, whose body says what is wrong, for anything but a good answer."""
    with urlopen(f"{site}/api/v1/{path}?{urlencode(words)}", timeout=30) as reply:
        return json.load(reply)


file.touch()
held, place = ",".join(file.read_text().split()), Path(f"{file}.cursor")
more = bool(held)
while more:  # what happened to those held since we asked last, or since yesterday
    answer = ask("events", vote_account=held, since=place.read_text() if place.exists() else DAY_AGO)
    for event in answer["items"]:
        print(f"changed {event['vote_account']}: {event['sentence']}")
    place.write_text(answer["cursor"])
    more = answer["more"]
answer = ask("selection", held=held, size=size, **WANTED)
if (answer["as_of"] or "") < DAY_AGO:
    sys.exit(f"The newest look at the chain is of {answer['as_of']}; nothing is moved.")
for one in answer["items"]:
    if one["action"] != "stays":
        path = f"validators/{one['vote_account']}/score"
        parts = ask(path)["score"]["parts"] if one["action"] == "enters" else []
        costs = sorted((part["points"], part["sentence"]) for part in parts if part["points"] < -0.05)[:2]
        print(f"{one['action']} {one['vote_account']}: {one['why']}", *(it for _, it in costs), sep="\n  ")
file.write_text("".join(f"{one['vote_account']}\n" for one in answer["items"] if one["action"] != "leaves"))
