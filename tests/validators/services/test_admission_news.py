"""Who loses or regains its admission is told: against what was known last, and never of who was not known."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.replies import EPOCH, RENT, key
from tests.validators.rows import NOON, validator, vote_state
from tests.validators.services.vote_accounts import TICKET, holds, look, rule
from validators.models import ValidatorEvent, VoteState
from validators.reading.events import events_after, newest_number
from validators.services.events import Kind, News, record_events

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ENOUGH, LITTLE = RENT + 3 * TICKET, RENT + TICKET - 1
ABOUT = {"epoch": EPOCH + 2}
LOST = [("admission_lost", ABOUT | {"reason": "balance below rent and ticket"})]
REGAINED = [("admission_regained", ABOUT)]


def looked(node: AccountsEndpoint, balance: int, *, is_known: bool = True) -> list[Any]:
    """What a look at an account with that balance tells, where the rule is known or nobody tells it."""
    before = newest_number()
    rule(admission_from=[0] if is_known else None)
    holds(node, 0, balance=balance)
    look(node)
    return [(event.kind, event.facts) for event in events_after(before, limit=1_000)]


def test_admission_is_told_when_it_is_lost_and_regained(node: AccountsEndpoint) -> None:
    assert looked(node, LITTLE) == looked(node, LITTLE) == []
    assert looked(node, ENOUGH) == REGAINED
    assert looked(node, LITTLE) == LOST
    # Nobody can tell for a while; what was told stands.
    assert looked(node, LITTLE, is_known=False) == []
    assert looked(node, LITTLE) == []
    assert looked(node, LITTLE, is_known=False) == []
    assert looked(node, ENOUGH) == REGAINED


def test_who_was_unknown_at_first_has_lost_nothing(node: AccountsEndpoint) -> None:
    for _ in range(2):
        assert looked(node, LITTLE, is_known=False) == []
    assert looked(node, LITTLE) == []
    assert looked(node, ENOUGH) == REGAINED


def test_who_was_out_before_nobody_could_tell_has_lost_nothing_either(node: AccountsEndpoint) -> None:
    for is_known in (True, False, False, True):
        assert looked(node, LITTLE, is_known=is_known) == []


def test_what_was_lost_while_nobody_could_tell_is_told_afterwards(node: AccountsEndpoint) -> None:
    assert looked(node, ENOUGH) == looked(node, ENOUGH, is_known=False) == []
    assert looked(node, LITTLE, is_known=False) == []
    assert looked(node, LITTLE) == LOST


def test_what_was_told_and_is_forgotten_is_not_told_again(node: AccountsEndpoint) -> None:
    assert looked(node, ENOUGH) == []
    assert looked(node, LITTLE) == LOST
    assert looked(node, LITTLE, is_known=False) == []
    ValidatorEvent.objects.all().delete()
    assert looked(node, LITTLE) == []


def test_what_an_older_version_wrote_last_is_what_was_known(node: AccountsEndpoint) -> None:
    assert looked(node, ENOUGH) == []
    VoteState.objects.filter(validator__vote_account=key("vote 0")).update(after_next="out")
    assert looked(node, LITTLE) == []


def test_the_migration_remembers_what_stands_or_was_told_last() -> None:
    states = {}
    for number, verdict in enumerate(("ok", "out", "unknown", "unknown", "unknown")):
        states[number] = vote_state(validator(number), after_next=verdict)
    lost, regained, never = (states[number].validator_id for number in (2, 3, 4))
    kinds = [
        (Kind.ADMISSION_LOST, lost),
        (Kind.ADMISSION_LOST, regained),
        (Kind.ADMISSION_REGAINED, regained),
    ]
    record_events([News(*one) for one in (*kinds, (Kind.LEFT, never))], epoch=EPOCH, at=NOON)

    module = import_module("validators.migrations.0029_last_known_admission")
    module.remember(apps, SimpleNamespace(connection=connection))

    known = VoteState.objects.order_by("pk").values_list("last_known", flat=True)
    assert list(known) == ["ok", "out", "out", "ok", ""]
