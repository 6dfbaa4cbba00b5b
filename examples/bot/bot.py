"""What to hold now, and why: `python3 bot.py SITE FILE [SIZE]`. FILE has what is held, and is rewritten."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPError, urlopen

WANTED = {"max_commission": 0.05, "superminority": "false", "delinquent": "false"}
DAY_AGO = (datetime.now(UTC) - timedelta(days=1)).isoformat()
site, name, size = (*sys.argv[1:], "20")[:3] if len(sys.argv) > 2 else sys.exit(__doc__)
file, place = Path(name), Path(f"{name}.cursor")


def ask(path: str, **words: Any) -> Any:
    """Ends the bot, with what the API says is wrong, for anything but a good answer."""
    try:
        return json.load(urlopen(f"{site}/api/v1/{path}?{urlencode(words)}", timeout=30))
    except (OSError, ValueError) as error:
        told = json.load(error) if isinstance(error, HTTPError) and "json" in str(error.headers) else {}
        sys.exit(f"{path}: {told.get('detail', error)}")


answer = {"more": bool(held := ",".join(file.read_text().split() if file.exists() else []))}
while answer["more"]:  # what happened to those held since we asked last, or since yesterday
    answer = ask("events", vote_account=held, since=place.read_text() if place.exists() else DAY_AGO)
    for event in answer["items"]:
        print(f"changed {event['vote_account']}: {event['sentence']}")
    place.write_text(answer["cursor"])
chosen = ask("selection", held=held, size=size, **WANTED)
as_of, scored_at, items = map(chosen.get, ("as_of", "scored_at", "items"))
if chosen["doubt"] or min(as_of or "", scored_at or "") < DAY_AGO:
    sys.exit(f"Nothing is moved: {chosen['doubt'] or f'seen {as_of}, scored {scored_at}'}")
for it in (one for one in items if one["action"] != "stays"):
    told = ask(f"validators/{it['vote_account']}/score")["score"]["parts"] if it["action"] == "enters" else []
    costs = sorted((part["points"], part["sentence"]) for part in told if part["points"] < -0.05)[:2]
    print(f"{it['action']} {it['vote_account']}: {it['why']}", *(said for _, said in costs), sep="\n  ")
file.write_text("".join(f"{it['vote_account']}\n" for it in items if it["action"] in ("stays", "enters")))
