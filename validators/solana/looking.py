"""One look at the cluster that can be true: the first that an endpoint gives and nothing speaks against."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from validators.exceptions import ImplausibleError
from validators.solana.asking import Chain, Heard, first_answer, implausible
from validators.solana.last_look import LastLook
from validators.solana.plausibility import MAY_BE_TRUE, Doubt, doubt_about_epoch
from validators.solana.plausible_votes import doubt_about_votes
from validators.solana.rpc import Endpoint
from validators.solana.snapshot import Snapshot
from validators.solana.voting_reply import ask_epoch, ask_snapshot
from validators.solana.whole_percent import still_meant

# Two answers are the same when neither their accounts nor their stake differ by more.
SAME: Final = 0.01


class DoubtedLookError(ImplausibleError):
    """A look that is against all likelihood, and may be true nevertheless."""

    def __init__(self, endpoint: str, doubt: Doubt, snapshot: Snapshot) -> None:
        super().__init__(endpoint, doubt.method, doubt.cause, kind=doubt.kind.value)
        self.snapshot: Final = snapshot

    @property
    def stake(self) -> int:
        return sum(state.account.activated_stake for state in self.snapshot.accounts)

    def agrees_with(self, kind: str, validators: int, stake: int) -> bool:
        """Whether a look with these numbers, doubted for that, is the same."""
        return (
            self.kind == kind
            and _alike(len(self.snapshot.accounts), validators)
            and _alike(self.stake, stake)
        )


def take_snapshot(
    addresses: Sequence[str],
    *,
    seconds: float,
    began_at: datetime,
    split_epoch: int | None,
    last: LastLook | None = None,
    known_bps: Callable[[str], int | None] | None = None,
    chain: Chain | None = None,
) -> Heard[Snapshot]:
    """The first plausible picture of the endpoints, asked in order, all of it within `seconds`.

    split_epoch is what is known from before, `last` the last good look, `known_bps` the commission that
    looks showed last of a vote account: in whole percent it is the same. Raises the endpoint's
    EndpointError, or NoEndpointAnsweredError when there were several; among these a
    DoubtedLookError for each look that was doubted and may be true.
    """

    def ask(endpoint: Endpoint) -> Snapshot:
        epoch = ask_epoch(endpoint)
        if last is not None and (doubt := doubt_about_epoch(epoch, last, at=began_at)) is not None:
            raise implausible(endpoint.name, doubt)
        snapshot = ask_snapshot(endpoint, epoch, began_at=began_at, split_epoch=split_epoch)
        return snapshot if known_bps is None else _as_known(snapshot, known_bps)

    def judge(endpoint: str, snapshot: Snapshot, is_vouched_for: bool) -> None:
        doubt = doubt_about_votes(snapshot, last, is_vouched_for=is_vouched_for)
        if doubt is not None and doubt.kind in MAY_BE_TRUE:
            raise DoubtedLookError(endpoint, doubt, snapshot)
        if doubt is not None:
            raise implausible(endpoint, doubt)

    return first_answer(addresses, seconds=seconds, ask=ask, judge=judge, chain=chain)


def _as_known(snapshot: Snapshot, known_bps: Callable[[str], int | None]) -> Snapshot:
    """With the commissions that were known exactly, of those told in whole percent that mean them still."""
    told = {
        one.vote_account: one.commission_bps
        for one, _, _ in snapshot.accounts
        if one.sent_bps is None and one.commission_bps is not None
    }
    known = {account: bps for account in told if (bps := known_bps(account)) is not None}
    meant = still_meant(told, known)
    if not meant:
        return snapshot
    accounts = tuple(
        state._replace(account=msgspec.structs.replace(state.account, sent_bps=meant[account]))
        if (account := state.account.vote_account) in meant
        else state
        for state in snapshot.accounts
    )
    return replace(snapshot, accounts=accounts)


def _alike(one: int, other: int) -> bool:
    return abs(one - other) <= SAME * max(one, other)
