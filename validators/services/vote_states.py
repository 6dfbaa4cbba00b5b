"""Storing the vote accounts themselves: who may withdraw, what they hold, and whether they will be let in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple

from django.utils import timezone

from validators.models import ChainState, ClusterEpoch, Fetch, Validator, VoteState
from validators.services import bulk
from validators.services.account_history import fill_history, unfinished
from validators.services.attempts import attempt, newest_fetch, refuse_if_behind
from validators.services.bad_epochs import bad_epoch_news
from validators.services.confirmations import confirm_commissions
from validators.services.events import Kind, News, record_events
from validators.services.operators import Marking, compared_operators, evidence_marks, mark_operators
from validators.services.sources import Source, record_success
from validators.solana.accounts import METHOD
from validators.solana.admission import Admission, Candidate, Price, Reason, admissions
from validators.solana.layouts import BlsKey
from validators.solana.slot_times import ticket
from validators.solana.vote_states import OwnedVoteState, VoteStates, ask_vote_states

Verdict = VoteState.Admission


class StateRow(NamedTuple):
    """The columns of VoteState that a look tells."""

    state_version: str
    withdrawer: str
    inflation_collector: str
    block_collector: str
    block_commission_bps: int
    pending_rewards: int
    bls_key: str
    balance: int
    next_epoch: str
    after_next: str
    reason: str
    epochs_paid: int | None
    last_known: str


class Rule(NamedTuple):
    """How the admission rule stands. `since`: the first epoch whose set it chooses.

    None where there is no rule, or nobody knows; `is_known` tells which.
    """

    is_known: bool
    since: int | None
    price: Price

    def chooses(self, epoch: int) -> bool | None:
        """Whether the set of that epoch is chosen by the rule."""
        return (self.since is not None and epoch >= self.since) if self.is_known else None


class Known(NamedTuple):
    """What the look before said of an account."""

    pk: int
    epoch: int
    told: StateRow

    @property
    def last_known(self) -> str:
        """Its verdict on the set after next, or the last one that was not unknown; empty: there is none.

        An older version writes verdicts alone.
        """
        after_next = self.told.after_next
        return self.told.last_known if after_next == Verdict.UNKNOWN else after_next


def fetch_vote_states() -> dict[str, Any]:
    """Ask for the raw vote account of everybody present and store what it tells, its past included."""
    newest = newest_fetch()
    present = Validator.objects.present().order_by("pk")
    wanted = {
        account: (key, stake)
        for key, account, stake in present.values_list("pk", "vote_account", "activated_stake")
    }
    return attempt(
        Source.VOTE_STATES,
        newest=newest,
        judge=lambda endpoint, states: _judged(endpoint, states, newest),
        ask=lambda endpoint: ask_vote_states(
            endpoint, list(wanted), least_slot=newest.absolute_slot, next_epoch_slot=newest.next_epoch_slot
        ),
        store=lambda states, runs: _store(states, wanted, newest, runs),
    )


def _judged(endpoint: str, states: VoteStates, newest: Fetch) -> Marking:
    """Who runs whom by these keys. Raises an ImplausibleError for a node that is behind."""
    refuse_if_behind(endpoint, states.slot, newest, method=METHOD)
    said = {one.vote_account: _keys(one) for one in states.records.good}
    return compared_operators(evidence_marks(), "withdrawer", said)


def _keys(one: OwnedVoteState) -> tuple[str, str, str]:
    """As they are stored: whose what it holds is, and whom it pays."""
    state = one.state
    return state.withdrawer, state.inflation_collector or "", state.block_collector or ""


def _store(
    states: VoteStates, wanted: Mapping[str, tuple[int, int]], newest: Fetch, runs: Marking
) -> dict[str, Any]:
    bulk.serialize_writers()
    now, epoch = timezone.now(), newest.epoch + states.in_next_epoch
    known, owned = _known(), list(states.records.good)
    rows = _rows(owned, wanted, known, epoch)
    _write(rows, known, epoch=epoch, slot=states.slot, at=now)
    mark_operators(runs)
    open_ones = unfinished(newest)
    told = {
        key: one.state.credit_tuples
        for one in owned
        if (key := wanted[one.vote_account][0]) not in known or key in open_ones
    }
    filled = fill_history(told, newest=newest, filled_at=now)
    confirm_commissions({wanted[one.vote_account][0]: one.state.commission_bps for one in owned}, at=now)
    record_success(Source.VOTE_STATES, endpoint=states.endpoint, rejected=states.records.rejected, at=now)
    news = [*_admission_news(rows, known, epoch), *(bad_epoch_news(newest) if filled else ())]
    record_events(news, epoch=newest.epoch, at=now)
    after_next = Counter(row.after_next for row in rows.values())
    return {
        "endpoint": states.endpoint,
        "epoch": epoch,
        "accounts": len(rows),
        "epoch_rows_filled": filled,
        **{f"admission_{verdict.value}": after_next[verdict.value] for verdict in Verdict},
        "rejected": len(states.records.rejected),
    }


def _rows(
    owned: Sequence[OwnedVoteState],
    wanted: Mapping[str, tuple[int, int]],
    known: Mapping[int, Known],
    epoch: int,
) -> dict[int, StateRow]:
    """By the key of each account's validator."""
    rule = admission_rule(epoch)
    candidates = [
        Candidate(wanted[one.vote_account][1], _has_key(one.state.bls), one.lamports) for one in owned
    ]
    rows = {}
    # Thousands of accounts are of a few kinds, and each kind is judged once.
    admitted = cache(partial(_admitted, rule, epoch))
    for one, admission in zip(owned, admissions(candidates, rule.price), strict=True):
        key = wanted[one.vote_account][0]
        before = known.get(key)
        looked = before and (before.epoch, before.told.next_epoch, before.told.after_next)
        verdicts = admitted(admission[:2], looked)
        known_before, after_next, state = before.last_known if before else "", verdicts[1], one.state
        rows[key] = StateRow(
            *(state.state_version or "", *_keys(one)),
            *(state.block_commission_bps, state.pending_rewards, state.bls.value, one.lamports),
            *verdicts,
            epochs_paid=admission.epochs_paid if rule.since is not None else None,
            last_known=known_before if after_next == Verdict.UNKNOWN else after_next,
        )
    return rows


def _admission_news(rows: Mapping[int, StateRow], known: Mapping[int, Known], epoch: int) -> list[News]:
    """Who is out now and was not when that was known last, and the other way round.

    While nobody can tell, what was known stands; to what is known first nothing is news.
    """
    about = {"epoch": epoch + 2}
    return [
        News(Kind.ADMISSION_LOST, key, about | {"reason": row.reason})
        if row.last_known == Verdict.OUT
        else News(Kind.ADMISSION_REGAINED, key, about)
        for key, row in rows.items()
        if key in known and known[key].last_known not in ("", row.last_known)
    ]


def admission_rule(epoch: int) -> Rule:
    """As it chooses the set after next while this epoch runs: at the first slot of the next one."""
    chain = ChainState.objects.first()
    if chain is None:
        return Rule(False, None, Price(None, None))
    since = chain.admission_from[0] if chain.admission_from else None
    slot_ms = _slot_ms(chain, epoch + 1)
    price = Price(chain.rent, None if slot_ms is None else ticket(slot_ms))
    return Rule(chain.admission_from is not None, since, price)


def _slot_ms(chain: ChainState, epoch: int) -> int | None:
    if (told := chain.slot_ms_in(epoch)) is not None:
        return told
    newest = ClusterEpoch.objects.filter(epoch__lte=epoch, slot_ms__isnull=False).order_by("-epoch")
    return newest.values_list("slot_ms", flat=True).first()


def _has_key(bls: BlsKey) -> bool | None:
    return None if bls is BlsKey.NOT_REPORTED else bls is BlsKey.PRESENT


def _known() -> dict[int, Known]:
    rows = VoteState.objects.values_list("validator_id", "pk", "epoch", *StateRow._fields)
    return {key: Known(pk, epoch, StateRow._make(told)) for key, pk, epoch, *told in bulk.read_rows(rows)}


def _admitted(
    rule: Rule, epoch: int, now: tuple[bool | None, str], before: tuple[int, str, str] | None
) -> tuple[str, str, str]:
    """The verdicts on the next set and the one after it, and the reason of the latter.

    `now` is as the first two of Admission, `before` the epoch of the last look and its verdicts.
    """
    admission = Admission(*now, None)
    after_next, reason = _after_next(admission, rule, epoch)
    return _next_epoch(admission, rule, epoch, before).value, after_next.value, reason


def _after_next(admission: Admission, rule: Rule, epoch: int) -> tuple[Verdict, str]:
    """Of the set that is chosen at the next boundary, and can still be got into."""
    chooses = rule.chooses(epoch + 2)
    if chooses is None:
        return Verdict.UNKNOWN, "nobody tells whether there is an admission rule"
    return (_verdict(admission), admission.reason) if chooses else (Verdict.OK, "")


def _next_epoch(admission: Admission, rule: Rule, epoch: int, before: tuple[int, str, str] | None) -> Verdict:
    """Of the set that was chosen at the last boundary, as the last look before that saw it."""
    chooses = rule.chooses(epoch + 1)
    if chooses is False:
        return Verdict.OK
    looked, next_epoch, after_next = before or (None, "", "")
    if looked == epoch:
        return Verdict(next_epoch)
    if looked == epoch - 1:
        return Verdict(after_next)
    # Nobody looked before the boundary, where a ticket was burnt. A key is never taken away again.
    told_by_now = admission.admitted is True or admission.reason in (Reason.NO_BLS_KEY, Reason.TOO_SMALL)
    return _verdict(admission) if told_by_now and chooses else Verdict.UNKNOWN


def _verdict(admission: Admission) -> Verdict:
    if admission.admitted is None:
        return Verdict.UNKNOWN
    return Verdict.OK if admission.admitted else Verdict.OUT


def _write(
    rows: Mapping[int, StateRow], known: Mapping[int, Known], *, epoch: int, slot: int, at: datetime
) -> None:
    constants = {"epoch": epoch, "slot": slot, "looked_at": at}
    before = [(row, known[key]) for key, row in rows.items() if key in known]
    changed = [(*row, one.pk) for row, one in before if row != one.told]
    # Of most nothing is another but when it was looked at.
    same = [(one.pk,) for row, one in before if row == one.told]
    bulk.update_rows(VoteState, fields=StateRow._fields, rows=changed, constants=constants)
    bulk.update_rows(VoteState, fields=(), rows=same, constants=constants)
    bulk.insert_rows(
        VoteState,
        fields=("validator_id", *StateRow._fields),
        rows=[(key, *row) for key, row in rows.items() if key not in known],
        constants=constants,
    )
