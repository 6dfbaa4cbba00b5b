"""What a node runs, from what it says in gossip, and whether that is current in its lineage. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple


class Lineage(StrEnum):
    """Programs that share a numbering; versions of two lineages are never compared."""

    AGAVE = "agave"
    # Firedancer's network stack around agave's runtime.
    FRANKENDANCER = "frankendancer"
    FIREDANCER = "firedancer"
    SIG = "sig"


class Client(StrEnum):
    """The program; without a client id, AGAVE stands for every fork of it too."""

    SOLANA_LABS = "solana labs"
    JITO_LABS = "jito labs"
    FRANKENDANCER = "frankendancer"
    AGAVE = "agave"
    AGAVE_PALADIN = "agave paladin"
    FIREDANCER = "firedancer"
    AGAVE_BAM = "agave bam"
    SIG = "sig"
    RAKURAI = "rakurai"
    HARMONIC_FIREDANCER = "harmonic firedancer"
    HARMONIC_AGAVE = "harmonic agave"
    HARMONIC_FRANKENDANCER = "harmonic frankendancer"
    UNKNOWN = "unknown"


class Stage(IntEnum):
    """In the order in which a version goes through them."""

    ALPHA = 0
    BETA = 1
    CANDIDATE = 2
    FINAL = 3


class Version(NamedTuple):
    """Compares as its release order; only within one lineage does that mean anything."""

    major: int
    minor: int
    patch: int
    stage: Stage = Stage.FINAL
    # The 1 of rc.1.
    number: int = 0


class Running(NamedTuple):
    """What somebody with that stake (lamports) runs."""

    lineage: Lineage
    version: Version
    stake: int


# Positions are the ids of github.com/solana-foundation/solana-validator-client-ids.
_CLIENTS: Final = tuple(client for client in Client if client is not Client.UNKNOWN)
_NAMED: Final = {client.value.replace(" ", ""): client for client in _CLIENTS}
_LINEAGES: Final = {
    Client.FRANKENDANCER: Lineage.FRANKENDANCER,
    Client.HARMONIC_FRANKENDANCER: Lineage.FRANKENDANCER,
    Client.FIREDANCER: Lineage.FIREDANCER,
    Client.HARMONIC_FIREDANCER: Lineage.FIREDANCER,
    Client.SIG: Lineage.SIG,
}
_STAGES: Final = {"alpha": Stage.ALPHA, "beta": Stage.BETA, "rc": Stage.CANDIDATE}
_SHAPE: Final = re.compile(
    r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:-(alpha|beta|rc)\.?(\d{1,6})?)?(?:[-+ ].*)?", re.ASCII | re.DOTALL
)
# Since version 4 agave's gossip keeps the stage in the minor number's two highest bits and its
# number in the patch; nodes that do not know this show 4.1.0-alpha.0 as 4.49153.0 (version/src/v4.rs).
_STAGE_SHIFT: Final = 14
_PACKED_STAGES: Final = (Stage.FINAL, Stage.CANDIDATE, Stage.BETA, Stage.ALPHA)
# Frankendancer writes agave 2.3.6 into its own version as 20306.
_SMALLEST_AGAVE_INSIDE: Final = 10_000
# Solana Labs' last were 1.10 to 1.18; Firedancer's own numbers have not come that far.
_FIRST_LABS_MINOR: Final = 10
# Larger majors have been seen (42.42.42, 26.8.0), and say nothing of the program.
_LARGEST_AGAVE_MAJOR: Final = 9
# The share of a lineage's stake, in percent, that makes a version the current one.
CURRENT_PERCENT: Final = 66


def parse_version(text: str | None) -> Version | None:
    """The version in a string of getClusterNodes; None for `unknown` and whatever else is none."""
    found = _SHAPE.fullmatch(text or "")
    if found is None:
        return None
    major, minor, patch = (int(part) for part in found.groups()[:3])
    if found[4] is not None:
        return Version(major, minor, patch, _STAGES[found[4]], int(found[5] or 0))
    packed = minor >> _STAGE_SHIFT
    if 0 < packed < len(_PACKED_STAGES):
        return Version(major, minor % (1 << _STAGE_SHIFT), 0, _PACKED_STAGES[packed], patch)
    return Version(major, minor, patch)


def client_of(version: Version | None, client_id: int | str | None = None) -> Client:
    """The program: by its client id, a number or a name in any spelling, else as the version suggests."""
    if isinstance(client_id, int) and 0 <= client_id < len(_CLIENTS):
        return _CLIENTS[client_id]
    if isinstance(client_id, str):
        named = _NAMED.get(re.sub(r"[\W_]", "", client_id.lower()))
        if named is not None:
            return named
    return Client.UNKNOWN if version is None else _client_by_version(version)


def _client_by_version(version: Version) -> Client:
    if version.major > 1:
        return Client.AGAVE if version.major <= _LARGEST_AGAVE_MAJOR else Client.UNKNOWN
    if max(version.patch, version.number) >= _SMALLEST_AGAVE_INSIDE:
        return Client.FRANKENDANCER
    if version.major == 1 and version.minor >= _FIRST_LABS_MINOR:
        return Client.AGAVE
    return Client.FIREDANCER


def lineage_of(client: Client) -> Lineage | None:
    """Whose numbering the client follows; None for an unknown one."""
    return None if client is Client.UNKNOWN else _LINEAGES.get(client, Lineage.AGAVE)


def current_versions(everybody: Iterable[Running]) -> dict[Lineage, Version]:
    """Of each lineage with stake, the current version."""
    by_lineage: defaultdict[Lineage, list[Running]] = defaultdict(list)
    for one in everybody:
        by_lineage[one.lineage].append(one)
    found = {
        lineage: current_version((one.version, one.stake) for one in members)
        for lineage, members in by_lineage.items()
    }
    return {lineage: version for lineage, version in found.items() if version is not None}


def current_version(stakes: Iterable[tuple[Version, int]]) -> Version | None:
    """The newest version at or above which at least 66 % of this one lineage's stake runs."""
    by_version: defaultdict[Version, int] = defaultdict(int)
    for version, stake in stakes:
        by_version[version] += stake
    total = sum(by_version.values())
    running = 0
    for version in sorted(by_version, reverse=True):
        running += by_version[version]
        if total and running * 100 >= total * CURRENT_PERCENT:
            return version
    return None


def is_current(version: Version | None, client: Client, current: Mapping[Lineage, Version]) -> bool | None:
    """Whether the version is the current one of its lineage or newer; None when that is unknown."""
    lineage = lineage_of(client)
    if version is None or lineage is None or lineage not in current:
        return None
    return version >= current[lineage]
