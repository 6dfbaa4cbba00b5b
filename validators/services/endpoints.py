"""The endpoints that are asked: in which order, and how each of them has been."""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import QuerySet

from validators.exceptions import EndpointError, ImplausibleError
from validators.models import ChainState, EndpointState, Fetch
from validators.services.sources import LONGEST_ERROR
from validators.solana.asking import Chain, is_refusal
from validators.solana.endpoint_names import masked

logger = logging.getLogger(__name__)

# After its first failure in a row; twice as long after each further one.
ASKED_LAST_FOR: Final = timedelta(minutes=1)
ASKED_LAST_AT_MOST: Final = timedelta(hours=1)
# An address that changes its cluster is noticed by its accounts, too.
GENESIS_HOLDS_FOR: Final = timedelta(hours=1)
# As many doublings as reach the longest time.
_MOST_DOUBLINGS: Final = 6


def endpoints() -> list[str]:
    """As configured."""
    return [address.strip() for address in settings.SOLANA_RPC_URLS]


def in_order(*, now: datetime) -> list[str]:
    """As configured, but those that failed a short while ago after the others."""
    addresses = endpoints()
    if len(addresses) < 2:
        return addresses
    waiting = {state.name for state in _failing() if _is_waiting(state, now)}
    return sorted(addresses, key=lambda address: masked(address) in waiting)


def by_turns(*, now: datetime) -> list[str]:
    """The same for the votes, but those that failed longer ago come first: it is their turn again.

    Behind one that is well they would not be asked any more, and told as failing for ever.
    """
    addresses = endpoints()
    if len(addresses) < 2:
        return addresses
    turns = {state.name: 1 if _is_waiting(state, now) else -1 for state in _failing()}
    return sorted(addresses, key=lambda address: turns.get(masked(address), 0))


def _failing() -> QuerySet[EndpointState]:
    return EndpointState.objects.filter(failures__gt=0)


def _is_waiting(state: EndpointState, now: datetime) -> bool:
    if state.failed_at is None:
        return False
    doublings: int = min(state.failures - 1, _MOST_DOUBLINGS)
    wait = min(ASKED_LAST_FOR * 2**doublings, ASKED_LAST_AT_MOST)
    return bool(state.failed_at <= now < state.failed_at + wait)


def followed_chain(newest: Fetch | None, *, now: datetime) -> Chain:
    """Which chain is stored, and who was found on it a short while ago."""
    genesis_hash = newest.genesis_hash if newest is not None else ""
    if not genesis_hash:
        told = ChainState.objects.exclude(genesis_hash="").values_list("genesis_hash", flat=True)
        genesis_hash = told.first() or ""
    since = now - GENESIS_HOLDS_FOR
    lately = EndpointState.objects.filter(genesis_checked_at__gt=since, genesis_checked_at__lte=now)
    checked = lately.values_list("name", flat=True) if genesis_hash else ()
    return Chain(genesis_hash, frozenset(checked))


def record_plausible(
    name: str,
    *,
    tells_slot: bool,
    slot: int | None,
    was_checked: bool,
    failures: Iterable[EndpointError],
    at: datetime,
) -> None:
    """An endpoint gave an answer that can be true, after these were passed over.

    One that tells no slot shows that it answers, and not that it follows the chain.
    """
    numbers: dict[str, object] = {"plausible_at": at, "failures": 0}
    if tells_slot:
        numbers |= {"slots_behind": 0, "doubt": ""}
    if slot is not None:
        numbers["plausible_slot"] = slot
    if was_checked:
        numbers["genesis_checked_at"] = at
    passed_over = list(failures)
    _record({**_refusing(passed_over), **dict(_failed(passed_over, at=at)), name: numbers})


def record_failures(failures: Iterable[EndpointError], *, at: datetime) -> None:
    _record(dict(_failed(failures, at=at)))


def _refusing(failures: Iterable[EndpointError]) -> dict[str, dict[str, object]]:
    """Who failed once, and answers now that it does not offer something: it need not have its turn again."""
    names = {failure.endpoint for failure in failures if is_refusal(failure)}
    failing = _failing().filter(name__in=names) if names else ()
    return {state.name: {"failures": 0} for state in failing}


def _failed(failures: Iterable[EndpointError], *, at: datetime) -> Iterable[tuple[str, dict[str, object]]]:
    """What an endpoint does not offer is no failure of it."""
    for failure in failures:
        if is_refusal(failure):
            continue
        numbers: dict[str, object] = {
            "failed_at": at,
            "last_error": str(failure)[:LONGEST_ERROR],
            "doubt": "",
        }
        if isinstance(failure, ImplausibleError):
            numbers |= {"doubt": failure.kind, "slots_behind": failure.slots_behind}
        yield failure.endpoint, numbers


def _record(by_name: dict[str, dict[str, object]]) -> None:
    """Best told, and no reason to fail: what cannot be stored is lost."""
    if not by_name:
        return
    try:
        with transaction.atomic():
            for name, state in _held(by_name).items():
                numbers = by_name[name]
                failures = numbers.get("failures", state.failures + 1)
                if failures == 0 and "doubt" not in numbers and state.doubt:
                    failures = state.failures
                for field, value in {**numbers, "failures": failures}.items():
                    setattr(state, field, value)
                state.save()
    except DatabaseError as exc:
        logger.warning("The state of endpoints was not kept (%s).", exc, extra={"action": "endpoints_lost"})


def _held(names: Collection[str]) -> dict[str, EndpointState]:
    """Their rows, ours until the transaction ends, so that of two sources none takes back what the other saw.

    Who is new gets a row, whoever else makes it at this moment.
    """
    rows = EndpointState.objects.filter(name__in=names).order_by("pk").select_for_update()
    known = {state.name: state for state in rows}
    if new := sorted(set(names) - set(known)):
        EndpointState.objects.bulk_create([EndpointState(name=name) for name in new], ignore_conflicts=True)
        known = {state.name: state for state in rows.all()}
    return known
