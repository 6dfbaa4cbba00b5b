"""One consistent look at the cluster: every vote account and the running epoch, from one endpoint."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from validators.exceptions import (
    EndpointError,
    ImpossibleCreditsError,
    MalformedReplyError,
    NoEndpointAnsweredError,
    NotConfiguredError,
    RateLimitedError,
)
from validators.solana.arithmetic import (
    CREDITS_PER_SLOT,
    LARGEST,
    MOST_VOTE_CREDITS,
    Earned,
    earned_by_epoch,
    own_split_epoch,
)
from validators.solana.rpc import Endpoint
from validators.solana.schemas import EpochInfo, RejectedRecord, Reply, VoteAccount, VoteAccounts

log = logging.getLogger(__name__)

# One record in twenty may be bad before the whole reply is mistrusted.
MOST_REJECTED_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class AccountState:
    """One vote account of a snapshot and what it earned, oldest epoch first, gaps not filled."""

    account: VoteAccount
    delinquent: bool
    earned: list[Earned]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one endpoint said. split_epoch is the Alpenglow migration epoch, None when none was seen."""

    endpoint: str
    began_at: datetime
    epoch: EpochInfo
    split_epoch: int | None
    accounts: tuple[AccountState, ...]
    rejected: tuple[RejectedRecord, ...]


def take_snapshot(
    urls: Sequence[str], *, seconds: float, began_at: datetime, split_epoch: int | None
) -> Snapshot:
    """Ask the endpoints in order until one gives a usable picture; all of it within `seconds`.

    Each endpoint gets an equal share of the time that is left, so that one that never answers
    does not use up the others'. split_epoch is what is known from before. Raises the endpoint's
    EndpointError, or NoEndpointAnsweredError when there were several.
    """
    if not urls:
        raise NotConfiguredError(
            "No endpoint to ask: set SOLANA_RPC_URL, for example to https://api.mainnet-beta.solana.com, "
            "or to http://127.0.0.1:8899 with `manage.py simulate_cluster --port 8899` running."
        )
    deadline = time.monotonic() + seconds
    failures: list[EndpointError] = []
    for position, url in enumerate(urls):
        share = (deadline - time.monotonic()) / (len(urls) - position)
        try:
            with Endpoint(url, deadline=time.monotonic() + share) as endpoint:
                return _interpreted(
                    endpoint, _ask_patiently(endpoint), began_at=began_at, split_epoch=split_epoch
                )
        except EndpointError as exc:
            log.warning("No snapshot from %s", exc, extra={"action": "endpoint_failed"})
            failures.append(exc)
    if len(failures) == 1:
        raise failures[0]
    raise NoEndpointAnsweredError(f"None of {len(urls)} endpoints answered: " + "; ".join(map(str, failures)))


@dataclass(frozen=True, slots=True)
class _Answers:
    epoch: EpochInfo
    votes: VoteAccounts


def _ask_patiently(endpoint: Endpoint) -> _Answers:
    """Ask; after a 429 whose Retry-After fits into the endpoint's time, wait that long and ask once more."""
    try:
        return _ask(endpoint)
    except RateLimitedError as limited:
        if limited.retry_after is None or limited.retry_after >= endpoint.seconds_left:
            raise
        time.sleep(limited.retry_after)
        return _ask(endpoint)


def _ask(endpoint: Endpoint) -> _Answers:
    """The epoch first: an epoch that ends between the two questions shows as credits of a newer one."""
    epoch = endpoint.call("getEpochInfo", [], Reply[EpochInfo])
    votes = endpoint.call("getVoteAccounts", [{"keepUnstakedDelinquents": True}], Reply[VoteAccounts])
    newest = (account.epoch_credits[-1][0] for account in _accounts(votes) if account.epoch_credits)
    if epoch.epoch + 1 in newest:
        epoch = endpoint.call("getEpochInfo", [], Reply[EpochInfo])
    return _Answers(epoch, votes)


def _accounts(votes: VoteAccounts) -> Iterator[VoteAccount]:
    for records in (votes.current, votes.delinquent):
        yield from (record for record in records if isinstance(record, VoteAccount))


def _interpreted(
    endpoint: Endpoint, answers: _Answers, *, began_at: datetime, split_epoch: int | None
) -> Snapshot:
    if split_epoch is None:
        split_epoch = _agreed_split_epoch(answers.votes)
    accounts, rejected = _sorted_out(answers, split_epoch)
    doubt = _doubt(accounts, rejected, answers.epoch.epoch)
    if doubt is not None:
        raise MalformedReplyError(endpoint.name, "getVoteAccounts", doubt)
    return Snapshot(endpoint.name, began_at, answers.epoch, split_epoch, accounts, rejected)


def _doubt(
    accounts: Sequence[AccountState], rejected: Sequence[RejectedRecord], running_epoch: int
) -> str | None:
    """Why this picture as a whole is not to be trusted; None when it is."""
    total = len(accounts) + len(rejected)
    if not total:
        return "no vote account at all"
    if len(rejected) > MOST_REJECTED_SHARE * total:
        first = rejected[0]
        return f"{len(rejected)} of {total} records are invalid, first {first.vote_account}: {first.reason}"
    staked = sum(state.account.activated_stake for state in accounts)
    if staked > LARGEST:
        return f"{staked} lamports staked in all"
    newest = max((state.earned[-1].epoch for state in accounts if state.earned), default=running_epoch)
    # Somebody earned in the last epoch, if only the running one is too young for credits.
    if newest < running_epoch - 1:
        return f"epoch {running_epoch} runs, and the newest credits are of epoch {newest}"
    return None


def _agreed_split_epoch(votes: VoteAccounts) -> int | None:
    """The migration epoch that more than half of the accounts show; one odd record moves nobody else."""
    splits = Counter(own_split_epoch(account.epoch_credits) for account in _accounts(votes))
    if not splits:
        return None
    epoch, count = splits.most_common(1)[0]
    return epoch if count * 2 > splits.total() else None


def _sorted_out(
    answers: _Answers, split_epoch: int | None
) -> tuple[tuple[AccountState, ...], tuple[RejectedRecord, ...]]:
    judged = list(_judged(answers, split_epoch))
    accounts = tuple(one for one in judged if isinstance(one, AccountState))
    return accounts, tuple(one for one in judged if isinstance(one, RejectedRecord))


def _judged(answers: _Answers, split_epoch: int | None) -> Iterator[AccountState | RejectedRecord]:
    """Each record as a state, or rejected: as unreadable, sent twice, or with impossible credits."""
    seen: set[str] = set()
    for delinquent, records in ((False, answers.votes.current), (True, answers.votes.delinquent)):
        for record in records:
            if isinstance(record, RejectedRecord):
                yield record
            elif record.vote_account in seen:
                yield RejectedRecord(record.vote_account, "appears twice in one reply")
            else:
                seen.add(record.vote_account)
                yield _state(record, delinquent, answers.epoch, split_epoch)


def _state(
    account: VoteAccount, delinquent: bool, epoch: EpochInfo, split_epoch: int | None
) -> AccountState | RejectedRecord:
    try:
        earned = earned_by_epoch(
            account.epoch_credits,
            running_epoch=epoch.epoch,
            split_epoch=split_epoch,
            most_vote_credits=max(MOST_VOTE_CREDITS, epoch.slots_in_epoch * CREDITS_PER_SLOT),
        )
    except ImpossibleCreditsError as exc:
        return RejectedRecord(account.vote_account, str(exc))
    return AccountState(account, delinquent, earned)
