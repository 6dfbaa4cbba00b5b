"""Tips and shared priority fees of vote accounts: Jito's distribution accounts of given epochs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from validators.exceptions import HttpStatusError, LayoutError, RpcError
from validators.solana.accounts import METHOD, Sent, ask_of_one_epoch, readable
from validators.solana.arithmetic import LARGEST
from validators.solana.programs.jito import (
    PRIORITY_FEES,
    TIPS,
    Distribution,
    Kind,
    decoded_distribution,
)
from validators.solana.records import Records, Rejected, sorted_out
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Reply

KINDS: Final = (TIPS, PRIORITY_FEES)
RENT_METHOD: Final = "getMinimumBalanceForRentExemption"

_Lamports = Annotated[int, Field(strict=True, gt=0, le=LARGEST)]


class Wanted(NamedTuple):
    """Whose accounts, of which epoch."""

    vote_account: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Shares:
    """What there was for a vote account and epoch: None where it has no such account.

    `tips` and `priority_fees` are lamports so far or for good, None also where that cannot be told.
    """

    vote_account: str
    epoch: int
    tip_account: Distribution | None
    priority_account: Distribution | None
    tips: int | None
    priority_fees: int | None


@dataclass(frozen=True, slots=True)
class Tips:
    """What one endpoint said, all of it before the next epoch or all in it; `slot` is the oldest of it."""

    endpoint: str
    slot: int
    records: Records[Shares]


def ask_tips(
    endpoint: Endpoint,
    wanted: Sequence[Wanted],
    *,
    genesis_hash: str,
    least_slot: int,
    next_epoch_slot: int,
) -> Tips:
    """Both accounts of each, as of least_slot or later. Raises an EndpointError.

    A request for each fifty, and one that asks the rent.
    """
    if not wanted:
        raise ValueError("nobody to ask for")
    programs = {kind: kind.program_of(genesis_hash) for kind in KINDS}
    keys = [kind.address(programs[kind], *one) for one in wanted for kind in KINDS]
    answers = ask_of_one_epoch(endpoint, keys, least_slot=least_slot, next_epoch_slot=next_epoch_slot)
    sent = chain.from_iterable(answer.accounts for answer in answers)
    accounts = iter(zip(keys, sent, strict=True))
    rent = _rent(endpoint)
    judged = [_judged(one, accounts, programs, rent) for one in wanted]
    slot = min(answer.slot for answer in answers)
    return Tips(endpoint.name, slot, sorted_out(endpoint, METHOD, judged))


def _rent(endpoint: Endpoint) -> int | None:
    """Of a tip account, where the endpoint tells; without it, tips so far are unknown."""
    try:
        return endpoint.call(RENT_METHOD, [TIPS.space], Reply[_Lamports])
    except (HttpStatusError, RpcError):
        return None


def _judged(
    wanted: Wanted,
    accounts: Iterator[tuple[str, Sent]],
    programs: dict[Kind, str],
    rent: int | None,
) -> Shares | Rejected:
    # Taken off before anything is judged, so that a bad one moves no other.
    both = [(kind, *next(accounts)) for kind in KINDS]
    try:
        tips, priority_fees = (_decoded(*one, wanted, programs) for one in both)
    except LayoutError as exc:
        return Rejected(wanted.vote_account, str(exc))
    return Shares(
        *wanted,
        tip_account=tips,
        priority_account=priority_fees,
        tips=tips.total(rent) if tips else None,
        priority_fees=priority_fees.total(rent) if priority_fees else None,
    )


def _decoded(
    kind: Kind, address: str, sent: Sent, wanted: Wanted, programs: dict[Kind, str]
) -> Distribution | None:
    account = readable(sent)
    if account is None:
        return None
    return decoded_distribution(
        kind,
        address=address,
        vote_account=wanted.vote_account,
        epoch=wanted.epoch,
        program=programs[kind],
        owner=account.owner,
        lamports=account.lamports,
        data=account.data,
    )
