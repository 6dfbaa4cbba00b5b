"""Where each validator stands among the others, by its stake and its software. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from validators.solana.concentration import superminority
from validators.solana.versions import (
    Client,
    Running,
    Version,
    current_versions,
    is_current,
    lineage_of,
    parse_version,
)


class Software(NamedTuple):
    """What a node runs, as stored: its own words for the version, and our name of the client."""

    version: str
    client: str


NOTHING_KNOWN = Software("", "")


class Stake(NamedTuple):
    """A vote account's active lamports and what its node runs."""

    vote_account: str
    lamports: int
    software: Software


@dataclass(frozen=True, slots=True)
class Standing:
    """The stake of the cluster by who holds it and what they run, in lamports.

    `current` tells of each vote account whether its version is current in its client's lineage,
    None when that is unknown.
    """

    total_stake: int
    accounts: int
    staked: int
    superminority: tuple[str, ...]
    by_client: Mapping[str, int]
    by_version: Mapping[str, int]
    current: Mapping[str, bool | None]


def standing_of(stakes: Iterable[Stake]) -> Standing:
    """From the active stake of every account, delinquent ones too."""
    everybody = list(stakes)
    staked = [one for one in everybody if one.lamports]
    return Standing(
        total_stake=sum(one.lamports for one in staked),
        accounts=len(everybody),
        staked=len(staked),
        superminority=tuple(superminority({one.vote_account: one.lamports for one in staked})),
        by_client=_summed((one.software.client or Client.UNKNOWN.value, one.lamports) for one in staked),
        by_version=_summed((one.software.version or "unknown", one.lamports) for one in staked),
        current=_currency(everybody),
    )


def _summed(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Lamports by name, the largest first."""
    sums: defaultdict[str, int] = defaultdict(int)
    for name, lamports in parts:
        sums[name] += lamports
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def _currency(everybody: Sequence[Stake]) -> dict[str, bool | None]:
    read = {one.software: _read(one.software) for one in everybody}
    running: list[Running] = []
    for one in everybody:
        version, client = read[one.software]
        lineage = lineage_of(client)
        if one.lamports and version is not None and lineage is not None:
            running.append(Running(lineage, version, one.lamports))
    current = current_versions(running)
    verdicts = {software: is_current(*parts, current) for software, parts in read.items()}
    return {one.vote_account: verdicts[one.software] for one in everybody}


@lru_cache(maxsize=512)
def _read(software: Software) -> tuple[Version | None, Client]:
    known = software.client in Client._value2member_map_
    return parse_version(software.version), Client(software.client) if known else Client.UNKNOWN
