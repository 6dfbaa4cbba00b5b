"""Who is let into the set of an epoch (SIMD-0357, SIMD-0525). Pure; amounts in lamports.

The set of an epoch is chosen at the first slot of the epoch before it: a vote account must have a BLS key,
hold its rent and a ticket, and be among the largest by stake. The ticket is burnt.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

LARGEST_SET: Final = 2_000


class Reason(StrEnum):
    """Why an account is not in, or why nobody can tell."""

    NO_BLS_KEY = "no BLS key"
    SHORT_OF_TICKET = "balance below rent and ticket"
    TOO_SMALL = "not among the 2,000 largest"
    KEY_NOT_REPORTED = "BLS key not reported"
    PRICE_UNKNOWN = "rent or ticket unknown"


class Candidate(NamedTuple):
    """A vote account as it stands. `has_bls_key` is None where the node does not report keys."""

    stake: int
    has_bls_key: bool | None
    balance: int


class Price(NamedTuple):
    """What a place costs; None is unknown."""

    rent: int | None
    ticket: int | None


class Admission(NamedTuple):
    """`admitted` is None when it cannot be told; `reason` says why it is not True."""

    admitted: bool | None
    reason: str
    epochs_paid: int | None


def oldest_look(about: int) -> int:
    """The epoch from which on an account tells of the set of that epoch; at its end that set is chosen."""
    return about - 2


def admissions(candidates: Sequence[Candidate], price: Price) -> list[Admission]:
    """Of everybody, in their order, if the set were chosen now."""
    threshold = _smallest_stake(candidates)
    return [_admission(one, price, threshold) for one in candidates]


def _smallest_stake(candidates: Sequence[Candidate]) -> int:
    """Of the largest that there is room for; of those who tie there, nobody can say who is in."""
    stakes = sorted((one.stake for one in candidates), reverse=True)
    return stakes[LARGEST_SET - 1] if len(stakes) > LARGEST_SET else 0


def _admission(one: Candidate, price: Price, threshold: int) -> Admission:
    paid = _epochs_paid(one.balance, price)
    if one.has_bls_key is False:
        return Admission(False, Reason.NO_BLS_KEY.value, paid)
    if paid == 0:
        return Admission(False, Reason.SHORT_OF_TICKET.value, paid)
    if one.stake < threshold:
        return Admission(False, Reason.TOO_SMALL.value, paid)
    if one.has_bls_key is None:
        return Admission(None, Reason.KEY_NOT_REPORTED.value, paid)
    if paid is None:
        return Admission(None, Reason.PRICE_UNKNOWN.value, paid)
    return Admission(True, "", paid)


def _epochs_paid(balance: int, price: Price) -> int | None:
    if price.rent is None or price.ticket is None:
        return None
    return max(0, balance - price.rent) // price.ticket
