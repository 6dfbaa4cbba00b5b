"""Loading two years of history from the chain: Jito's ValidatorHistory accounts.

Step by step, each in a transaction of its own that also says whose account was read: whatever is killed in
between, the next import goes on behind the last step. What we know already stays, and is compared.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, Final, NamedTuple

from django.db.models import F
from django.utils import timezone

from scheduling.exceptions import SkipRun
from validators.exceptions import ValidatorsError
from validators.models import Fetch, Validator
from validators.services.attempts import heard_in_order, newest_fetch, refuse_if_behind, skip_if_ahead
from validators.services.history.chain_store import EPOCHS_READ_AGAIN, ChainStore, ChainSummary
from validators.services.history.pace import Pace
from validators.services.memory import collector_paused
from validators.solana.accounts import METHOD
from validators.solana.history_accounts import (
    NEWEST_READ,
    WHOLE_IN_PAGE,
    Histories,
    ask_newest,
    ask_who,
    ask_whole,
    most_requests,
)

# Whose newest entries are read in one step: eighteen requests at most.
NEWEST_AT_ONCE: Final = 500
# An account that was read longer ago is read whole.
_LONGEST_GAP: Final = NEWEST_READ - EPOCHS_READ_AGAIN - 1


class Progress(NamedTuple):
    """Accounts that were read so far, of those to read."""

    read: int
    wanted: int


class _Step(NamedTuple):
    """Accounts that are asked for together."""

    vote_accounts: Sequence[str]
    ask: Callable[..., Histories]
    requests: int


def import_from_chain(
    *,
    everybody: bool = False,
    budget: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> ChainSummary:
    """Read who was not read in this epoch: whole at first, and later what is new.

    `everybody` looks for those that we know nothing of too; `budget` is how many requests may be made, after
    which the rest is left. Raises a ValidatorsError for a step that nobody answers, and SkipRun before the
    first fetch; what came before is stored.
    """
    newest = newest_fetch()
    pace = Pace()
    store = ChainStore(newest, timezone.now())
    asking = _Asking(newest, pace)
    known = _in_order()
    wanted = [one for one in known if not _was_read_in(newest.epoch, one, store)]
    store.summary.read_before = len(known) - len(wanted)
    try:
        if everybody:
            wanted += asking.strangers(known, store)
        for step in _steps(wanted, store, running=newest.epoch):
            if budget is not None and pace.requests + step.requests > budget:
                break
            store.store(asking.answered(step), is_whole=step.ask is ask_whole)
            on_progress(Progress(len(store.done), len(wanted)))
    except (ValidatorsError, SkipRun):
        store.finish()
        raise
    store.summary.left = len(wanted) - len(store.done)
    store.summary.requests = pace.requests
    return store.finish()


@collector_paused()
def import_newest_history() -> dict[str, Any]:
    """The same as a run tells it: how many of each, and no names. Raises as `import_from_chain` does."""
    summary = import_from_chain()
    numbers = {one.name: getattr(summary, one.name) for one in fields(summary)}
    return {name: number for name, number in numbers.items() if number is None or isinstance(number, int)}


class _Asking:
    """Asks the endpoints for one step after the other."""

    def __init__(self, newest: Fetch, pace: Pace) -> None:
        self._newest, self._pace = newest, pace
        self._since: dict[str, Any] = {
            "genesis_hash": newest.genesis_hash,
            "least_slot": newest.absolute_slot,
        }

    def strangers(self, known: Sequence[str], store: ChainStore) -> list[str]:
        """Those that have a history and no row of ours."""
        self._pace.wait_for(1)
        heard = heard_in_order(self._newest, ask=partial(ask_who, **self._since), judge=lambda *_: None)
        found = heard.answer
        store.reject(found.rejected)
        return sorted(set(found.good) - set(known))

    def answered(self, step: _Step) -> Histories:
        self._pace.wait_for(step.requests)
        ask = partial(step.ask, vote_accounts=step.vote_accounts, **self._since)
        histories = heard_in_order(self._newest, ask=ask, judge=self._judge).answer
        skip_if_ahead(self._newest.epoch_of(histories.slot), self._newest)
        return histories

    def _judge(self, endpoint: str, answer: Histories) -> None:
        refuse_if_behind(endpoint, answer.slot, self._newest, method=METHOD)


def _in_order() -> list[str]:
    """The present ones first, those with most stake at the front."""
    rows = Validator.objects.order_by(F("left_at").asc(nulls_first=True), "-activated_stake", "pk")
    return list(rows.values_list("vote_account", flat=True))


def _was_read_in(epoch: int, vote_account: str, store: ChainStore) -> bool:
    account = store.account(vote_account)
    return account is not None and account.read_epoch == epoch


def _steps(wanted: Sequence[str], store: ChainStore, *, running: int) -> Iterator[_Step]:
    followed = [one for one in wanted if _is_followed(one, store, running=running)]
    for some in _parts(followed, NEWEST_AT_ONCE):
        yield _Step(some, ask_newest, most_requests(len(some)))
    # Also those whose newest entries left a gap behind them.
    for some in _parts([one for one in wanted if one not in store.done], WHOLE_IN_PAGE):
        yield _Step(some, ask_whole, 1)


def _is_followed(vote_account: str, store: ChainStore, *, running: int) -> bool:
    """Whether its newest entries are all that is new."""
    account = store.account(vote_account)
    if account is None or not account.is_there or account.read_epoch is None:
        return False
    return 0 <= running - account.read_epoch <= _LONGEST_GAP


def _parts(items: Sequence[str], at_once: int) -> Iterator[Sequence[str]]:
    return (items[start : start + at_once] for start in range(0, len(items), at_once))
