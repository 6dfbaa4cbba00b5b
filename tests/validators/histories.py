"""History files made to order: lines as export_epochs writes them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.validators.replies import SOL, key

HEADER = (
    "epoch,vote_account,identity,activated_stake,commission_first,commission_last,commission_min,"
    "commission_max,version,snapshots,delinquent_snapshots,credits,cumulative_credits_at_start,"
    "skip_rate_percent"
)


def line(epoch: object = 900, name: object = 1, **changes: object) -> str:
    """One account in one epoch; steady unless changed, an empty text is unknown."""
    columns: dict[str, object] = {
        "epoch": epoch,
        "vote_account": key(f"vote {name}"),
        "identity": key(f"node {name}"),
        "activated_stake": 1_000 * SOL,
        "commission_first": 5,
        "commission_last": 5,
        "commission_min": 5,
        "commission_max": 5,
        "version": "2.2.14",
        "snapshots": 40,
        "delinquent_snapshots": 0,
        "credits": 6_900_000,
        "cumulative_credits_at_start": 1_000_000_000,
        "skip_rate_percent": "1.5385",
    }
    assert changes.keys() <= columns.keys()
    return ",".join(str(value) for value in (columns | changes).values())


def text_of(lines: Iterable[str]) -> str:
    return "".join(f"{one}\r\n" for one in (HEADER, *lines))


def file_of(folder: Path, *lines: str) -> Path:
    """A history file of these lines."""
    path = folder / "history.csv"
    path.write_bytes(text_of(lines).encode())
    return path


def varied(*, epochs: int, accounts: int) -> Iterator[str]:
    """A history with every kind of value, in the order in which it is exported."""
    for epoch in range(900, 900 + epochs):
        for number in sorted(range(accounts), key=lambda number: key(f"vote {number}")):
            seed = epoch * 31 + number * 17
            first, last = seed % 11, seed % 13
            yield line(
                epoch,
                number,
                identity=key(f"node {seed % 50}"),
                activated_stake=seed**5 % 10**16,
                commission_first=first,
                commission_last=last,
                commission_min=min(first, last),
                commission_max=max(first, last, seed % 255),
                version=("2.2.14", "unknown", "0.1105.40200", "4.0.0-beta.6")[seed % 4],
                snapshots=seed % 46,
                delinquent_snapshots=seed % 46 // 2,
                credits="" if seed % 7 == 0 else seed * 7_919 % 6_912_000,
                cumulative_credits_at_start="" if seed % 11 == 0 else seed * 100_003,
                skip_rate_percent=("", "0.0", "100.0", f"{seed % 97}.{seed % 9 + 1}", "0.0012")[seed % 5],
            )
