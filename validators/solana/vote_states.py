"""The vote accounts themselves: BLS keys, collectors, commissions and 64 epochs of credits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from validators.exceptions import LayoutError, RpcError
from validators.solana.accounts import (
    METHOD,
    SLOT_NOT_REACHED,
    Account,
    AccountsAnswer,
    Sent,
    ask_of_one_epoch,
    readable,
)
from validators.solana.layouts import BlsKey, VoteState, decoded_vote_state
from validators.solana.parsed_votes import parsed_vote_state
from validators.solana.records import MOST_REJECTED_SHARE, Records, Rejected, sorted_out
from validators.solana.request_counts import NODE_BEHIND, NOT_OFFERED
from validators.solana.rpc import Endpoint

VOTE_PROGRAM: Final = "Vote111111111111111111111111111111111111111"
CLOSED: Final = "closed"
# Refusals that speak of the node, the method or the caller: another encoding would not help.
_REFUSED_EITHER_WAY: Final = NOT_OFFERED | {SLOT_NOT_REACHED, NODE_BEHIND}


@dataclass(frozen=True, slots=True)
class OwnedVoteState:
    """A vote account of the vote program, and the lamports it holds."""

    vote_account: str
    lamports: int
    state: VoteState


@dataclass(frozen=True, slots=True)
class VoteStates:
    """What one endpoint said, all of one epoch: `slot` is the oldest that any of it is as of."""

    endpoint: str
    slot: int
    in_next_epoch: bool
    records: Records[OwnedVoteState]


class _Unreadable(Rejected):
    """An account that we cannot read: in a new layout, say."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Question:
    endpoint: Endpoint
    vote_accounts: Sequence[str]
    least_slot: int
    next_epoch_slot: int

    def answers(self, *, parsed: bool) -> list[AccountsAnswer]:
        return ask_of_one_epoch(
            self.endpoint,
            self.vote_accounts,
            parsed=parsed,
            least_slot=self.least_slot,
            next_epoch_slot=self.next_epoch_slot,
        )

    def judged(self, answers: list[AccountsAnswer]) -> list[OwnedVoteState | Rejected]:
        accounts = (account for answer in answers for account in answer.accounts)
        return [_judge(*one) for one in zip(self.vote_accounts, accounts, strict=True)]


def ask_vote_states(
    endpoint: Endpoint, vote_accounts: Sequence[str], *, least_slot: int, next_epoch_slot: int
) -> VoteStates:
    """The state of each vote account as of least_slot or later, read from its bytes.

    Where base64 is refused, or too many accounts are in a layout that we cannot read, the node is
    asked to parse them. Raises an EndpointError.
    """
    if not vote_accounts:
        raise ValueError("no vote account to ask for")
    question = _Question(endpoint, vote_accounts, least_slot, next_epoch_slot)
    answers = _raw_answers(question)
    judged = question.judged(answers) if answers else []
    if not answers or _too_many_unreadable(judged):
        answers = question.answers(parsed=True)
        judged = _missing_told_from_unreported(question.judged(answers))
    slot = min(answer.slot for answer in answers)
    records = sorted_out(endpoint, METHOD, judged)
    return VoteStates(endpoint.name, slot, slot >= next_epoch_slot, records)


def _raw_answers(question: _Question) -> list[AccountsAnswer] | None:
    """None when the endpoint refuses base64."""
    try:
        return question.answers(parsed=False)
    except RpcError as refusal:
        if refusal.code in _REFUSED_EITHER_WAY:
            raise
        return None


def _judge(vote_account: str, sent: Sent) -> OwnedVoteState | Rejected:
    try:
        account = readable(sent)
        if account is None:
            return Rejected(vote_account, CLOSED)
        if account.owner != VOTE_PROGRAM:
            return Rejected(vote_account, f"owned by {account.owner}")
        return OwnedVoteState(vote_account, account.lamports, _state(account))
    except LayoutError as exc:
        return _Unreadable(vote_account, str(exc))


def _state(account: Account) -> VoteState:
    """A node that was asked to parse sends the bytes of what it cannot parse."""
    if account.parsed is None:
        return decoded_vote_state(account.data)
    info = account.parsed.get("info")
    if account.parsed.get("type") != "vote" or not isinstance(info, dict):
        raise LayoutError("parsed vote account: not of type vote, or without info")
    return parsed_vote_state(info)


def _too_many_unreadable(judged: Sequence[OwnedVoteState | Rejected]) -> bool:
    """As many as make a reply doubtful: a new layout comes to nearly all accounts within one epoch."""
    unreadable = sum(isinstance(one, _Unreadable) for one in judged)
    return unreadable > MOST_REJECTED_SHARE * len(judged)


def _missing_told_from_unreported(
    judged: Sequence[OwnedVoteState | Rejected],
) -> list[OwnedVoteState | Rejected]:
    """Once any account reports a BLS key, or that there is none, leaving it out means that there is none.

    Only of accounts that have the collectors beside it: the others come from an older node behind
    the same address.
    """
    states = [one.state for one in judged if isinstance(one, OwnedVoteState)]
    if all(state.bls is BlsKey.NOT_REPORTED for state in states):
        return list(judged)
    return [
        replace(one, state=replace(one.state, bls=BlsKey.MISSING))
        if isinstance(one, OwnedVoteState) and _left_out(one.state)
        else one
        for one in judged
    ]


def _left_out(state: VoteState) -> bool:
    return state.bls is BlsKey.NOT_REPORTED and state.inflation_collector is not None
