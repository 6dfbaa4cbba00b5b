"""Whose validators are one operator's, by what they have in common, and how much that says. Pure.

A key that may take what an account holds, or that runs two accounts, says it alone. A name is written by
whoever likes, and an address may be the front of a hosting firm: each alone is told and joins nobody.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

# Shared by more operators than that, a collector is a service, an address a front, and a name a common word.
MOST_STRANGERS: Final = 10
# Nobody has the key of an address that ends so: the programs of the chain, and where lamports are burnt.
_NOBODYS: Final = "1" * 8
_SHORTEST_NAME: Final = 3
# What many call themselves says nothing of who they are.
_COMMON_WORDS: Final = frozenset(
    (
        *("anonymous", "backup", "by", "chain", "default", "delegate", "delegation", "main", "mainnet", "my"),
        *("net", "new", "node", "nodes", "pool", "primary", "secondary", "server", "sol", "solana", "stake"),
        *("staker", "staking", "test", "testnet", "the", "unknown", "validating", "validator", "validators"),
    )
)


class Common(StrEnum):
    """What several validators may have in common."""

    WITHDRAW_AUTHORITY = "withdraw_authority"
    IDENTITY = "identity"
    COLLECTOR = "collector"
    NAME_AND_ADDRESS = "name_and_address"
    NAME = "name"
    ADDRESS = "address"


class Strength(StrEnum):
    """Whether it makes them one operator's."""

    STRONG = "strong"
    WEAK = "weak"


class Running(NamedTuple):
    """What is known of who runs a validator; empty is unknown, and of an account of old no collector."""

    vote_account: str
    identity: str
    withdrawer: str = ""
    inflation_collector: str = ""
    block_collector: str = ""
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What these have in common; `shared` is the key, the name or the address."""

    common: Common
    strength: Strength
    shared: str
    vote_accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operators:
    """The key of each one's operator, None where its account was never read, and the evidence of all."""

    by_account: Mapping[str, str | None]
    evidence: Sequence[Evidence]

    def evidence_by_account(self) -> dict[str, list[Evidence]]:
        found: dict[str, list[Evidence]] = defaultdict(list)
        for one in self.evidence:
            for account in one.vote_accounts:
                found[account].append(one)
        return found


def operators(everybody: Iterable[Running]) -> Operators:
    """Connected by strong evidence; the order in which they are given means nothing."""
    known = {one.vote_account: one for one in everybody}
    groups = _Groups(known)
    evidence = list(_by_control(known.values()))
    groups.join(evidence)
    # Counted before any of them joins, so that no order decides who is a stranger.
    paid = [_weighed(one, groups) for one in _by_collector(known.values())]
    groups.join(paid)
    both, names, addresses = _by_words(known.values(), groups)
    groups.join(both)
    return Operators(_named(known, groups), [*evidence, *paid, *both, *names, *addresses])


def plain_name(name: str) -> str:
    """What of a name tells it from others; empty where that is nothing.

    Case, marks, signs, common words and a number behind it are left out. Letters that only look alike stay
    apart: who borrows another's name is not that other.
    """
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    kept = "".join(word for word in words if word not in _COMMON_WORDS)
    return kept if len(kept) >= _SHORTEST_NAME else ""


def _is_somebodys(key: str) -> bool:
    return bool(key) and not key.endswith(_NOBODYS)


def _by_control(everybody: Iterable[Running]) -> Iterable[Evidence]:
    """A key that withdraws from several, or runs several, or withdraws from one and runs another."""
    withdraws, runs = defaultdict(set), defaultdict(set)
    for one in everybody:
        if one.identity:
            runs[one.identity].add(one.vote_account)
        if _is_somebodys(one.withdrawer):
            withdraws[one.withdrawer].add(one.vote_account)
    for key in sorted(withdraws):
        yield from _several(Common.WITHDRAW_AUTHORITY, key, withdraws[key] | runs.get(key, set()))
    for key in sorted(runs):
        yield from _several(Common.IDENTITY, key, runs[key])


def _by_collector(everybody: Iterable[Running]) -> Iterable[Evidence]:
    """What several pay to, or one pays to that is a key of another: by default each pays to itself."""
    own, paying = defaultdict(set), defaultdict(set)
    for one in everybody:
        for key in (one.vote_account, one.identity, one.withdrawer):
            own[key].add(one.vote_account)
        for key in (one.inflation_collector, one.block_collector):
            if _is_somebodys(key) and key not in (one.vote_account, one.identity):
                paying[key].add(one.vote_account)
    for key in sorted(paying):
        yield from _several(Common.COLLECTOR, key, paying[key] | own.get(key, set()))


def _several(common: Common, shared: str, accounts: Collection[str]) -> Iterable[Evidence]:
    if len(accounts) > 1:
        yield Evidence(common, Strength.STRONG, shared, tuple(sorted(accounts)))


def _weighed(one: Evidence, groups: "_Groups") -> Evidence:
    """Weak where too many strangers share it."""
    if groups.count(one.vote_accounts) <= MOST_STRANGERS:
        return one
    return Evidence(one.common, Strength.WEAK, one.shared, one.vote_accounts)


def _by_words(
    everybody: Iterable[Running], groups: "_Groups"
) -> tuple[list[Evidence], list[Evidence], list[Evidence]]:
    """Of one name at one address, which joins; of one name, and at one address, which do not."""
    named, placed, both = defaultdict(set), defaultdict(set), defaultdict(set)
    for one in everybody:
        name = plain_name(one.name)
        named[name].add(one.vote_account)
        placed[one.address].add(one.vote_account)
        both[name, one.address].add(one.vote_account)
    names = _told(named, groups)
    addresses = _told(placed, groups)
    joined = [
        Evidence(Common.NAME_AND_ADDRESS, Strength.STRONG, f"{name} at {address}", tuple(sorted(accounts)))
        for (name, address), accounts in sorted(both.items())
        if name in names and address in addresses and len(accounts) > 1
    ]
    return joined, _weak(Common.NAME, names), _weak(Common.ADDRESS, addresses)


def _told(shared: Mapping[str, set[str]], groups: "_Groups") -> dict[str, set[str]]:
    return {
        what: accounts
        for what, accounts in sorted(shared.items())
        if what and len(accounts) > 1 and groups.count(accounts) <= MOST_STRANGERS
    }


def _weak(common: Common, shared: Mapping[str, set[str]]) -> list[Evidence]:
    return [
        Evidence(common, Strength.WEAK, what, tuple(sorted(accounts))) for what, accounts in shared.items()
    ]


def _named(known: Mapping[str, Running], groups: "_Groups") -> dict[str, str | None]:
    """A group goes by the withdraw authority of most of its accounts; of equals the first in order."""
    members: dict[str, list[Running]] = defaultdict(list)
    for account, one in known.items():
        members[groups.root(account)].append(one)
    names = {root: _name_of(group) for root, group in members.items()}
    return {account: names[groups.root(account)] for account in known}


def _name_of(group: Sequence[Running]) -> str | None:
    withdrawers = Counter(one.withdrawer for one in group if _is_somebodys(one.withdrawer))
    if withdrawers:
        return min(withdrawers, key=lambda key: (-withdrawers[key], key))
    # An account that nobody can withdraw from is still run by somebody.
    return min(one.identity for one in group) if any(one.withdrawer for one in group) else None


class _Groups:
    """Union-find, with the smallest key of a group as its root."""

    def __init__(self, accounts: Iterable[str]) -> None:
        self._above = {account: account for account in accounts}

    def root(self, account: str) -> str:
        above = self._above
        while above[account] != account:
            above[account] = above[above[account]]
            account = above[account]
        return account

    def count(self, accounts: Iterable[str]) -> int:
        return len({self.root(account) for account in accounts})

    def join(self, evidence: Iterable[Evidence]) -> None:
        for one in evidence:
            if one.strength is Strength.STRONG:
                roots = {self.root(account) for account in one.vote_accounts}
                least = min(roots)
                self._above.update(dict.fromkeys(roots, least))
