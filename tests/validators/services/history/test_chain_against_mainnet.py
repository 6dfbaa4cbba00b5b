"""An import from the chain beside the recorded mainnet."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.validators.chain_histories import HistoriesEndpoint, entry, usual
from tests.validators.rows import validator
from tests.validators.services.history.chain_imports import looked_at
from validators.services.history.chain_store import ChainSummary
from validators.services.history.from_chain import import_from_chain

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FULL_FILE = Path(__file__).resolve().parents[5] / "shared/data/mainnet_epochs_full.csv.gz"


def mainnet(accounts: int) -> Iterator[tuple[str, list[str]]]:
    """Of the recorded mainnet, each hundredth line's account: its key and all of its lines."""
    lines: dict[str, list[str]] = {}
    with gzip.open(FULL_FILE, "rt", newline="") as file:
        next(file)
        for line in file:
            lines.setdefault(line.split(",", 2)[1], []).append(line.rstrip("\r\n"))
    return iter(sorted(lines.items())[:: len(lines) // accounts])


@pytest.mark.skipif(not FULL_FILE.exists(), reason="the recorded mainnet is not here")
def test_an_import_agrees_with_the_recorded_mainnet(node: HistoriesEndpoint, tmp_path: Path) -> None:
    looked_at(node, 952)
    kept = []
    for vote, lines in mainnet(40):
        validator(1, vote_account=vote, identity=vote)
        entries = [entry_of(line) for line in lines]
        node.has(vote, *entries, usual(951), begun_at=400)
        kept += lines
    summary: ChainSummary = import_from_chain()
    assert summary.rejected_count == 0
    with gzip.open(FULL_FILE, "rt", newline="") as whole:
        names = whole.readline().rstrip("\r\n")
    file = tmp_path / "some.csv"
    file.write_text("\r\n".join([names, *kept, ""]))

    out = io.StringIO()
    call_command("compare_history", str(file), "--chain", "--check", "--json", stdout=out)

    told = json.loads(out.getvalue())
    assert told["share"] >= 0.999, told["differences"]
    assert told["compared"] > 10_000
    file.write_text("\r\n".join([names, *(other_stake(line) for line in kept), ""]))
    with pytest.raises(CommandError, match=r"Less than 99\.9% of the numbers agree"):
        call_command("compare_history", str(file), "--check", stdout=io.StringIO())


def other_stake(line: str) -> str:
    columns = line.split(",")
    return ",".join([*columns[:3], "1", *columns[4:]])


def entry_of(line: str) -> bytes:
    """What keepers would have written down of a line."""
    epoch, _, _, stake, _, commission, _, _, version, _, _, credits, *_ = line.split(",")
    fields = {"stake": stake, "percent": commission, "credits": credits}
    known = {name: int(text) for name, text in fields.items() if text}
    parts = version.partition("-")[0].split(".")
    if len(parts) == 3 and all(map(str.isdigit, parts)) and int(parts[1]) < 256:
        known |= dict(zip(("major", "minor", "patch"), map(int, parts), strict=True))
    return entry(int(epoch), vote_slot=int(epoch) * 432_000 + 7, **known)
