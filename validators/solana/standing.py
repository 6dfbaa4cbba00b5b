"""Where each validator stands among the others, by its stake and its software. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
    staked = {one.vote_account: one.lamports for one in everybody if one.lamports}
    # Thousands of accounts run a few dozen versions.
    by_software: defaultdict[Software, int] = defaultdict(int)
    for _, lamports, software in everybody:
        by_software[software] += lamports
    run = [(software, lamports) for software, lamports in by_software.items() if lamports]
    current = _currency(by_software)
    return Standing(
        total_stake=sum(staked.values()),
        accounts=len(everybody),
        staked=len(staked),
        superminority=tuple(superminority(staked)),
        by_client=_summed((one.client or Client.UNKNOWN.value, lamports) for one, lamports in run),
        by_version=_summed((one.version or "unknown", lamports) for one, lamports in run),
        current={account: current[software] for account, _, software in everybody},
    )


def _summed(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Lamports by name, the largest first."""
    sums: defaultdict[str, int] = defaultdict(int)
    for name, lamports in parts:
        sums[name] += lamports
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def _currency(stakes: Mapping[Software, int]) -> dict[Software, bool | None]:
    read = {software: _read(software) for software in stakes}
    running: list[Running] = []
    for software, lamports in stakes.items():
        version, client = read[software]
        lineage = lineage_of(client)
        if lamports and version is not None and lineage is not None:
            running.append(Running(lineage, version, lamports))
    current = current_versions(running)
    return {software: is_current(*parts, current) for software, parts in read.items()}


@lru_cache(maxsize=512)
def _read(software: Software) -> tuple[Version | None, Client]:
    known = software.client in Client._value2member_map_
    return parse_version(software.version), Client(software.client) if known else Client.UNKNOWN
