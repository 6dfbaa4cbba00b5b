"""One look at the cluster that can be true: the first that an endpoint gives and nothing speaks against."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from validators.exceptions import ImplausibleError
from validators.solana.asking import Chain, Heard, first_answer, implausible
from validators.solana.last_look import LastLook
from validators.solana.plausibility import MAY_BE_TRUE, Doubt, doubt_about_epoch
from validators.solana.plausible_votes import doubt_about_votes
from validators.solana.rpc import Endpoint
from validators.solana.snapshot import Snapshot
from validators.solana.voting_reply import ask_epoch, ask_snapshot

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
    chain: Chain | None = None,
) -> Heard[Snapshot]:
    """The first plausible picture of the endpoints, asked in order, all of it within `seconds`.

    split_epoch is what is known from before, `last` the last good look. Raises the endpoint's
    EndpointError, or NoEndpointAnsweredError when there were several; among these a
    DoubtedLookError for each look that was doubted and may be true.
    """

    def ask(endpoint: Endpoint) -> Snapshot:
        epoch = ask_epoch(endpoint)
        if last is not None and (doubt := doubt_about_epoch(epoch, last, at=began_at)) is not None:
            raise implausible(endpoint.name, doubt)
        return ask_snapshot(endpoint, epoch, began_at=began_at, split_epoch=split_epoch)

    def judge(endpoint: str, snapshot: Snapshot, is_vouched_for: bool) -> None:
        doubt = doubt_about_votes(snapshot, last, is_vouched_for=is_vouched_for)
        if doubt is not None and doubt.kind in MAY_BE_TRUE:
            raise DoubtedLookError(endpoint, doubt, snapshot)
        if doubt is not None:
            raise implausible(endpoint, doubt)

    return first_answer(addresses, seconds=seconds, ask=ask, judge=judge, chain=chain)


def _alike(one: int, other: int) -> bool:
    return abs(one - other) <= SAME * max(one, other)
