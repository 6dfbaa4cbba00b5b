"""How many of one group a selection may hold: what was asked, and whose group is which.

One grammar for addresses, commands and forms: what groups are made by, a colon, and a number of validators
or a share of the size: `operator:2`, `network:10%`. Options are often written with `=`, which is the same.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, NamedTuple, get_args

from scheduling.api.unknown import shortened, there_is_no
from validators.figures import grouped
from validators.models import PoolStake, StakePool, Validator
from validators.models.by_bytes import ByBytes
from validators.reading.groups import groups_of
from validators.scoring.selection import Cap

CappedBy = Literal["operator", "network", "country", "client", "pool"]
CAPPED_BY: Final[tuple[CappedBy, ...]] = get_args(CappedBy)
# The most that a selection may hold, and a share of it.
MOST_COUNTED: Final = 1_000
MOST_SHARE: Final = 100
GRAMMAR: Final = (
    "operator:2 for two validators, network:10% for a tenth of the size, rounded down, at least one"
)
# Of a validator's activated stake: with less from its largest pool it does not hang on that one.
LEAST_OF_POOL: Final = 0.1
_CAP: Final = re.compile(r"(?P<by>[^:=]*)[:=](?P<number>[0-9]{1,4})(?P<share>%?)", re.ASCII)


class AskedCap(NamedTuple):
    """Of the size where it is a share, else a number of validators."""

    by: CappedBy
    number: int
    is_share: bool

    def most(self, size: int) -> int:
        """A share of a small size would be nobody: one is always let in."""
        return max(1, size * self.number // MOST_SHARE) if self.is_share else self.number

    def __str__(self) -> str:
        return f"{self.by}:{self.number}{'%' if self.is_share else ''}"


class GroupNames(NamedTuple):
    """A cap as it was applied; `unknown` is how many of those asked for have a group that nobody knows.

    Those are not capped.
    """

    cap: Cap[str]
    unknown: int
    names: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """How it was applied, and to whom it could not be."""
        cap, unknown = f"Cap by {self.cap.by}: at most {grouped(self.cap.most)} of one", grouped(self.unknown)
        these = "this one is" if self.unknown == 1 else "these are"
        return f"{cap}; of {unknown} it is unknown, and {these} not capped." if self.unknown else f"{cap}."

    def said(self, group: str) -> str:
        name = self.names.get(group) or group
        return f"those whose largest pool is {name}" if self.cap.by == "pool" else f"{self.cap.by} {name}"


def asked_caps(words: Collection[str]) -> list[AskedCap]:
    """Raises ValueError for what is no cap, and for two of one kind, in a line that names it."""
    caps = [_asked(word.strip()) for word in words if word.strip()]
    kinds = [cap.by for cap in caps]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"{kind} is capped {kinds.count(kind)} times; it can have one cap")
    return caps


def applied(asked: Sequence[AskedCap], accounts: Collection[str], *, size: int) -> list[GroupNames]:
    """Whose group is which, among these vote accounts. A query for each, two for pools and for networks."""
    return [_applied(cap, accounts, size) for cap in asked]


def _asked(word: str) -> AskedCap:
    found = _CAP.fullmatch(word)
    if found is None:
        raise ValueError(f"“{shortened(word)}” is no cap: write {GRAMMAR}")
    by = next((one for one in CAPPED_BY if one == found["by"].strip().lower()), None)
    if by is None:
        raise ValueError(there_is_no(found["by"].strip(), CAPPED_BY, kind="group to cap by"))
    number, most = int(found["number"]), MOST_SHARE if found["share"] else MOST_COUNTED
    if not 1 <= number <= most:
        raise ValueError(f"“{shortened(word)}”: it is from 1 to {most:,}{found['share'] and ' %'}")
    return AskedCap(by, number, bool(found["share"]))


def _applied(asked: AskedCap, accounts: Collection[str], size: int) -> GroupNames:
    if asked.by == "pool":
        groups, names = _pools(accounts)
    else:
        groups, names = groups_of(asked.by), {}
        if asked.by == "network":
            names = _network_names()
    known = {account: group for account in accounts if (group := groups.get(account))}
    unknown = sum(groups.get(account) is None for account in accounts)
    return GroupNames(Cap(asked.by, asked.most(size), known), unknown, names)


def _network_names() -> dict[str, str]:
    """Such as "AS24940 (HETZNER-AS)", where a database names it."""
    rows = Validator.objects.exclude(network_name="").values_list("network", "network_name").distinct()
    return {network: f"{network} ({name})" for network, name in rows.order_by()}


def _pools(accounts: Collection[str]) -> tuple[dict[str, str | None], dict[str, str]]:
    """The pool that stakes most with each, if that is much of its stake: else it hangs on none, "".

    Before any pool was looked at nobody knows.
    """
    pools = {pool.pk: pool for pool in StakePool.objects.filter(is_there=True).exclude(epoch=None)}
    if not pools:
        return {}, {}
    largest: dict[str, tuple[int, str]] = {}
    stakes = PoolStake.objects.filter(pool__in=pools).order_by(ByBytes("pool__address"))
    columns = ("pool_id", "epoch", "active", "validator__vote_account", "validator__activated_stake")
    for key, epoch, active, account, stake in stakes.values_list(*columns):
        pool = pools[key]
        if epoch != pool.epoch or not active or active < LEAST_OF_POOL * (stake or 0):
            continue
        if active > largest.get(account, (0, ""))[0]:
            largest[account] = (active, pool.address)
    names = {pool.address: str(pool) for pool in pools.values()}
    return {account: largest.get(account, (0, ""))[1] for account in accounts}, names
