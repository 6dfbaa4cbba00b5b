"""Clusters and histories for the tests of scoring, from a few numbers."""

import random
from collections.abc import Iterator
from pathlib import Path

from validators.scoring.facts import ClusterFacts, Past, ValidatorFacts
from validators.scoring.past import EpochRow
from validators.scoring.timeline import RecordedRow
from validators.solana.pubkey import encode

EPOCH = 990
SOL = 1_000_000_000
FULL = 6_900_000
VERSION = "3.0.10"
HEADING = (
    "epoch,vote_account,identity,activated_stake,commission_first,commission_last,commission_min,"
    "commission_max,version,snapshots,delinquent_snapshots,credits,cumulative_credits_at_start,skip_rate_percent"
)


def past(*performance: float | None, bps: int | None = 500, share: float | None = 0.0) -> Past:
    """Consecutive epochs, the newest first and complete."""
    count = len(performance)
    return Past(
        tuple(range(EPOCH - 1, EPOCH - 1 - count, -1)),
        performance,
        (share,) * count,
        (bps,) * count,
        (bps,) * count,
        (0.01,) * count,
        (400,) * count,
        (100_000.0,) * count,
        (False,) * count,
        (1.0,) * count,
    )


def validator(number: int = 1, history: Past | None = None, **changes: object) -> ValidatorFacts:
    given: dict[str, object] = {
        "pk": number,
        "vote_account": f"vote{number}",
        "activated_stake": 100_000 * SOL,
        "commission_bps": 500,
        "delinquent": False,
        "epochs": [],
        "version": VERSION,
        "past": past(*[1.0] * 30) if history is None else history,
    }
    return ValidatorFacts(**(given | changes))  # type: ignore[arg-type]


def cluster(*validators: ValidatorFacts) -> ClusterFacts:
    """With six ordinary ones behind those given, who hold the superminority and the newest version."""
    field = [validator(1000 + number, activated_stake=10**7 * SOL) for number in range(6)]
    rates = dict.fromkeys(range(EPOCH - 60, EPOCH), 0.01)
    return ClusterFacts(1, EPOCH, 0.1, [*validators, *field], rates)


def recorded(
    *, validators: int = 30, first: int = 900, last: int = 939, seed: int = 1
) -> Iterator[RecordedRow]:
    """A history in which some are flaky, and stay so: there is something to foresee. Nobody judged it yet."""
    rng = random.Random(seed)
    keys = [encode(rng.randbytes(32)) for _ in range(validators)]
    flaky = set(rng.sample(keys, validators // 5))
    for epoch in range(first, last + 1):
        for position, key in enumerate(keys):
            failed = rng.random() < (0.4 if key in flaky else 0.01)
            credits = int(FULL * (rng.uniform(0.5, 0.95) if failed else rng.uniform(0.995, 1.0)))
            bps = (position % 4) * 500
            row = EpochRow(
                *(key, epoch, None, (position + 1) * 10**13, 4, 0),
                *(bps, bps, round(rng.random() / 50, 4), None),
            )
            yield RecordedRow(row, VERSION if position % 3 else "2.3.1", credits)


def write_csv(path: Path, rows: Iterator[RecordedRow] | list[RecordedRow]) -> Path:
    """As manage.py export_epochs writes them."""
    lines = [HEADING]
    for row, version, credits, *_ in rows:
        percent = "" if row.commission_bps is None else row.commission_bps // 100
        rate = "" if row.skip_rate is None else round(row.skip_rate * 100, 6)
        lines.append(
            f"{row.epoch},{row.key},,{row.stake},{percent},{percent},{percent},{percent},{version},"
            f"{row.fetches},{row.delinquent_fetches},{'' if credits is None else credits},,{rate}"
        )
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode())
    return path
