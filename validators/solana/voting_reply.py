"""Asking one endpoint for a consistent look at the cluster: every vote account and the running epoch."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from validators.exceptions import ImpossibleCreditsError, MalformedReplyError
from validators.solana.arithmetic import (
    CREDITS_PER_SLOT,
    LARGEST,
    MOST_VOTE_CREDITS,
    SPLIT_MARK,
    earned_by_epoch,
    own_split_epoch,
)
from validators.solana.records import MOST_REJECTED_SHARE
from validators.solana.rpc import Endpoint
from validators.solana.schemas import EpochInfo, RejectedRecord, Reply, VoteAccount, VoteAccounts
from validators.solana.snapshot import AccountState, Snapshot
from validators.solana.votes import VotesReply

logger = logging.getLogger(__name__)


def ask_epoch(endpoint: Endpoint) -> EpochInfo:
    """Raises an EndpointError."""
    return endpoint.call("getEpochInfo", [], Reply[EpochInfo])


def ask_snapshot(
    endpoint: Endpoint, epoch: EpochInfo, *, began_at: datetime, split_epoch: int | None
) -> Snapshot:
    """Every vote account, after the epoch: one that ends between the two questions shows, and is asked again.

    split_epoch is what is known from before. Raises an EndpointError.
    """
    votes = endpoint.call("getVoteAccounts", [{"keepUnstakedDelinquents": True}], VotesReply)
    accounts = list(_accounts(votes))
    if _is_later(accounts, epoch):
        epoch = ask_epoch(endpoint)
    if split_epoch is None:
        split_epoch = _agreed_split_epoch(accounts, _most_vote_credits(epoch))
    return _interpreted(endpoint, epoch, votes, began_at=began_at, split_epoch=split_epoch)


def _is_later(accounts: Sequence[VoteAccount], epoch: EpochInfo) -> bool:
    """Whether any has done something in the epoch after."""
    following = epoch.epoch + 1
    if any(earned[-1][0] == following for account in accounts if (earned := account.epoch_credits)):
        return True
    next_slot = epoch.absolute_slot - epoch.slot_index + epoch.slots_in_epoch
    return max((account.last_vote for account in accounts), default=0) >= next_slot


def _accounts(votes: VoteAccounts) -> Iterator[VoteAccount]:
    for records in (votes.current, votes.delinquent):
        yield from (record for record in records if isinstance(record, VoteAccount))


def _interpreted(
    endpoint: Endpoint, epoch: EpochInfo, votes: VoteAccounts, *, began_at: datetime, split_epoch: int | None
) -> Snapshot:
    judged = list(_judged(epoch, votes, split_epoch))
    accounts = tuple(one for one in judged if isinstance(one, AccountState))
    rejected = tuple(one for one in judged if isinstance(one, RejectedRecord))
    doubt = _doubt(accounts, rejected, epoch.epoch)
    if doubt is not None:
        raise MalformedReplyError(endpoint.name, "getVoteAccounts", doubt)
    for record in rejected:
        logger.warning("%s: left out %s: %s", endpoint.name, record.vote_account, record.reason)
    return Snapshot(endpoint.name, began_at, epoch, split_epoch, accounts, rejected)


def _doubt(
    accounts: Sequence[AccountState], rejected: Sequence[RejectedRecord], running_epoch: int
) -> str | None:
    """Why this picture as a whole is not to be trusted; None when it is."""
    total = len(accounts) + len(rejected)
    if not total:
        return "no vote account at all"
    if len(rejected) > MOST_REJECTED_SHARE * total:
        first = rejected[0]
        return (
            f"{len(rejected):,} of {total:,} records are invalid, first {first.vote_account}: {first.reason}"
        )
    staked = sum(state.account.activated_stake for state in accounts)
    if staked > LARGEST:
        return f"{staked} lamports staked in all"
    newest = max((state.earned[-1].epoch for state in accounts if state.earned), default=running_epoch)
    # Somebody earned in the last epoch, if only the running one is too young for credits.
    if newest < running_epoch - 1:
        return f"epoch {running_epoch} runs, and the newest credits are of epoch {newest}"
    return None


def _agreed_split_epoch(accounts: Iterable[VoteAccount], most_vote_credits: int) -> int | None:
    """The migration epoch that more than half of the accounts show; one odd record moves nobody else.

    Where the marks have dropped out of the replies already, numbers that no votes could earn
    tell as much: then the migration was before all that is sent.
    """
    histories = [account.epoch_credits for account in accounts if account.epoch_credits]
    if not histories:
        return None
    epoch, count = Counter(map(own_split_epoch, histories)).most_common(1)[0]
    if epoch is not None:
        return epoch if count * 2 > len(histories) else None
    oldest = (history[0] for history in histories if history[0] != SPLIT_MARK)
    # Not of everybody: who retired before the migration still shows the votes of then.
    beyond = [epoch for epoch, now, before in oldest if now - before > most_vote_credits]
    return min(beyond) - 1 if len(beyond) * 2 > len(histories) else None


def _most_vote_credits(epoch: EpochInfo) -> int:
    return max(MOST_VOTE_CREDITS, epoch.slots_in_epoch * CREDITS_PER_SLOT)


def _judged(
    epoch: EpochInfo, votes: VoteAccounts, split_epoch: int | None
) -> Iterator[AccountState | RejectedRecord]:
    """Each record as a state, or rejected: as unreadable, sent twice, or with impossible credits."""
    seen: set[str] = set()
    most = _most_vote_credits(epoch)
    for delinquent, records in ((False, votes.current), (True, votes.delinquent)):
        for record in records:
            if isinstance(record, RejectedRecord):
                yield record
            elif record.vote_account in seen:
                yield RejectedRecord(record.vote_account, "appears twice in one reply")
            else:
                seen.add(record.vote_account)
                yield _state(record, delinquent, epoch.epoch, split_epoch, most)


def _state(
    account: VoteAccount, delinquent: bool, running: int, split_epoch: int | None, most_vote_credits: int
) -> AccountState | RejectedRecord:
    try:
        earned = earned_by_epoch(
            account.epoch_credits,
            running_epoch=running,
            split_epoch=split_epoch,
            most_vote_credits=most_vote_credits,
        )
    except ImpossibleCreditsError as exc:
        return RejectedRecord(account.vote_account, str(exc))
    return AccountState(account, delinquent, earned)
