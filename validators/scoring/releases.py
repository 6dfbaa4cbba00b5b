"""How far behind its lineage a version is, by the stake that runs newer ones. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from validators.solana.versions import Lineage, Version, client_of, lineage_of, parse_version


class Lag(NamedTuple):
    """Shares of its lineage's stake, 0 to 1, that run a newer major.minor, and anything newer at all."""

    release: float
    patch: float


def lags(running: Iterable[tuple[str, int]]) -> dict[str, Lag]:
    """By version; `running` are (version, stake). What cannot be read or placed is left out."""
    stakes: defaultdict[str, int] = defaultdict(int)
    for text, stake in running:
        stakes[text] += stake
    placed = {text: place for text in stakes if (place := _place(text)) is not None}
    lineages: defaultdict[Lineage, defaultdict[Version, int]] = defaultdict(lambda: defaultdict(int))
    for text, (lineage, version) in placed.items():
        lineages[lineage][version] += stakes[text]
    return {text: _lag(lineages[lineage], version) for text, (lineage, version) in placed.items()}


def _place(text: str) -> tuple[Lineage, Version] | None:
    version = parse_version(text)
    lineage = lineage_of(client_of(version))
    return None if version is None or lineage is None else (lineage, version)


def _lag(stakes: Mapping[Version, int], own: Version) -> Lag:
    total = sum(stakes.values())
    if not total:
        return Lag(0.0, 0.0)
    newer = {version: stake for version, stake in stakes.items() if version > own}
    release = sum(stake for version, stake in newer.items() if version[:2] > own[:2])
    return Lag(release / total, sum(newer.values()) / total)
