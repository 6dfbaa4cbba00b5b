"""What is summed up of an account's epochs says what the rows say, after any write and before any epoch."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.validators import rows
from tests.validators.histories import file_of, line
from tests.validators.replies import EPOCH, key
from validators.models import CommissionSource, SettledPast, Validator, ValidatorEpoch
from validators.reading.terms import marks_of
from validators.services import stretches
from validators.services.flags import refresh_commission_flags
from validators.services.history.importing import import_history
from validators.services.settled_past import pasts_of, settle, settle_again, spans_of, sum_up
from validators.services.verdicts.pasts import pasts_by_key
from validators.services.verdicts.rule_sets import rule_sets
from validators.solana.commission_flags import EpochCommission
from validators.solana.commission_marks import commission_marks

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
EPOCHS = 40
COMMISSIONS = (500, 500, 500, 500, 900, 1_200, 10_000, None)


def a_past(validator: Validator, seed: int) -> None:
    """Of each epoch a row, or none: a commission that stands for long, moves between or within epochs."""
    dice, bps, made = random.Random(seed), 500, []
    for epoch in range(EPOCH - EPOCHS, EPOCH + 1):
        chosen = dice.choice(COMMISSIONS) if dice.random() < 0.3 else bps
        if dice.random() < 0.1:
            continue
        lowest = None if chosen is None else min(chosen, bps) if dice.random() < 0.3 else chosen
        made.append(
            ValidatorEpoch(
                validator=validator,
                epoch=epoch,
                fetched_at=NOW,
                commission_source=CommissionSource.IMPORTED if dice.random() < 0.5 else "",
                commission_first_bps=dice.choice((None, lowest)),
                commission_last_bps=chosen,
                commission_min_bps=lowest,
                commission_max_bps=chosen,
            )
        )
        bps = bps if chosen is None else chosen
    ValidatorEpoch.objects.bulk_create(made)


def rows_until(validator: Validator, epoch: int) -> Sequence[tuple[int | None, ...]]:
    columns = ("commission_first_bps", "commission_last_bps", "commission_min_bps", "commission_max_bps")
    found = ValidatorEpoch.objects.filter(validator=validator, epoch__lte=epoch).order_by("epoch")
    return list(found.values_list("epoch", *columns))


def says_what_the_rows_say(validator: Validator) -> None:
    for epoch in range(EPOCH - EPOCHS - 1, EPOCH + 1):
        told = rows_until(validator, epoch)
        past = pasts_of([validator.pk])[validator.pk].until(epoch)
        assert (past.first_epoch, past.epochs_known) == (told[0][0] if told else None, len(told))
        span = (past.first_epoch, past.epochs_known, sum(row[2] is not None for row in told))
        assert spans_of([validator.pk], until=epoch)[validator.pk] == span
        epochs = [EpochCommission(*row) for row in told if row[-1] is not None]  # type: ignore[arg-type]
        assert marks_of([validator.pk], until=epoch)[validator.pk] == commission_marks(epochs=epochs)


def settled_keys() -> set[int]:
    return set(SettledPast.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_summed_up_says_what_the_rows_say_at_each_epoch(seed: int) -> None:
    validator = rows.validator(1)
    a_past(validator, seed)
    says_what_the_rows_say(validator)
    # In two steps, so that what goes on is joined to what was summed up.
    for epoch in (EPOCH - EPOCHS // 2, EPOCH):
        rows.fetch(epoch=epoch)
        assert settle() == 1
        says_what_the_rows_say(validator)
    assert settle() == 0


def test_what_is_summed_up_is_not_read_again() -> None:
    validators = [rows.validator(number) for number in range(3)]
    for number, validator in enumerate(validators):
        a_past(validator, number)
    rows.fetch(epoch=EPOCH)
    settle()
    ValidatorEpoch.objects.filter(epoch__lt=EPOCH - 10).update(commission_max_bps=9_999)
    named = [validator.pk for validator in validators]
    with CaptureQueriesContext(connection) as asked:
        pasts = pasts_of(named)
    assert all(one.max_bps != 9_999 for past in pasts.values() for one in past.stretches)
    assert len(asked) == 2
    with CaptureQueriesContext(connection) as asked:
        spans = spans_of(named)
    assert {key: span[:2] for key, span in spans.items()} == {
        key: (past.first_epoch, past.epochs_known) for key, past in pasts.items()
    }
    assert len(asked) == 2


def test_of_many_only_epochs_that_are_not_summed_up_are_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    validators = [rows.validator(number) for number in range(3)]
    for number, validator in enumerate(validators):
        a_past(validator, number)
    rows.fetch(epoch=EPOCH)
    settle()
    named = [validator.pk for validator in validators]
    by_key = spans_of(named)
    monkeypatch.setattr(stretches, "MOST_NAMED_KEYS", 1)

    with CaptureQueriesContext(connection) as asked:
        assert spans_of(named) == by_key

    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"{explain} {asked[1]['sql']}")
        assert "validator_epoch_by_epoch" in str(cursor.fetchall())


def test_rules_look_at_the_same_past_before_and_after_it_is_summed_up() -> None:
    validators = [rows.validator(number) for number in range(4)]
    for number, validator in enumerate(validators):
        a_past(validator, number)
    ValidatorEpoch.objects.filter(validator=validators[0]).update(credits=5)
    ValidatorEpoch.objects.filter(validator=validators[1], epoch__gt=EPOCH - 12).update(credits=5)
    fetch, sets = rows.fetch(epoch=EPOCH), list(rule_sets().sets.values())
    found = dict(pasts_by_key(fetch, sets))
    for one, past in found.items():
        epochs = ValidatorEpoch.objects.filter(validator_id=one)
        known, voted = epochs.filter(commission_last_bps__isnull=False), epochs.filter(credits__gt=0)
        whole = past.whole
        assert (whole.first, whole.epochs, whole.commissions) == (
            epochs.order_by("epoch").values_list("epoch", flat=True)[0],
            epochs.count(),
            known.count(),
        )
        assert min(whole.voted, 20) == min(voted.count(), 20)
        old = {epoch: known_then.commission for epoch, known_then in past.old.items()}
        assert old == {
            row.epoch: (row.commission_last_bps or 0) / 10_000
            for row in known.filter(epoch__lt=EPOCH - 34, commission_last_bps__gt=5_000)
        }
    assert any(past.old for past in found.values())
    settle()
    assert dict(pasts_by_key(fetch, sets)) == found


def rewritten(validator: Validator, seed: int) -> list[tuple[int, int]]:
    """Some of its epochs told anew, some gone, some new; also of those that no sum holds."""
    dice, told = random.Random(seed), []
    for epoch in sorted(dice.sample(range(EPOCH - EPOCHS - 3, EPOCH + 1), 9)):
        found = ValidatorEpoch.objects.filter(validator=validator, epoch=epoch)
        if dice.random() < 0.3:
            found.delete()
        else:
            lowest, highest = sorted(dice.choices((500, 900), k=2))
            bps = dict.fromkeys(("commission_first_bps", "commission_min_bps"), lowest)
            bps |= dict.fromkeys(("commission_last_bps", "commission_max_bps"), highest)
            ValidatorEpoch.objects.update_or_create(
                validator=validator, epoch=epoch, defaults={"fetched_at": NOW} | bps
            )
        told.append((validator.pk, epoch))
    return told


@pytest.mark.parametrize("seed", range(6))
def test_a_write_to_what_is_summed_up_leaves_the_sum_as_it_would_be_from_all_rows(seed: int) -> None:
    validators = [rows.validator(number) for number in range(3)]
    for number, validator in enumerate(validators):
        a_past(validator, seed * 3 + number)
    fetch = rows.fetch(epoch=EPOCH - EPOCHS // 2)
    settle()
    SettledPast.objects.filter(validator=validators[0]).delete()
    fetch.epoch = EPOCH
    fetch.save()
    settle_again([one for validator in validators for one in rewritten(validator, seed)])
    for validator in validators:
        says_what_the_rows_say(validator)
    settle()
    spliced = dict(SettledPast.objects.values_list("pk", "stretches"))
    SettledPast.objects.all().delete()
    settle()
    assert spliced == dict(SettledPast.objects.values_list("pk", "stretches"))


def test_a_sum_is_brought_up_to_date_when_no_fetch_tells_the_epoch_any_more() -> None:
    validator = rows.validator(1)
    a_past(validator, 1)
    fetch = rows.fetch(epoch=EPOCH)
    settle()
    fetch.delete()
    settle_again(rewritten(validator, 1))
    says_what_the_rows_say(validator)


def test_what_is_open_costs_a_fetch_no_question_to_the_sums() -> None:
    validator = rows.validator(1)
    rows.fetch(epoch=EPOCH)
    settle()
    with CaptureQueriesContext(connection) as asked:
        settle_again([(validator.pk, EPOCH - 1), (validator.pk, EPOCH)])
    assert not [one for one in asked if "settledpast" in one["sql"]]


def test_validators_with_few_epochs_are_summed_up_many_at_once() -> None:
    for number in range(30):
        rows.validator(number)
    rows.fetch(epoch=EPOCH)
    with CaptureQueriesContext(connection) as asked:
        assert settle() == 30
    assert len([one for one in asked if one["sql"].startswith("INSERT")]) == 3


def test_validators_with_many_epochs_are_summed_up_a_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch waits for each transaction."""
    monkeypatch.setattr("validators.services.settled_past.EPOCHS_AT_ONCE", 2 * EPOCHS)
    for number in range(9):
        a_past(rows.validator(number), number)
    rows.fetch(epoch=EPOCH)
    with CaptureQueriesContext(connection) as asked:
        assert settle() == 9
    assert len([one for one in asked if one["sql"].startswith("INSERT")]) == 3


def test_an_import_is_told_at_once_and_summed_up_at_its_end(tmp_path: Path) -> None:
    validator = rows.validator(1, vote_account=key("vote 1"))
    rows.fetch(epoch=EPOCH)
    settle()
    lines = [line(epoch, 1, commission_max=60 if epoch == 900 else 5) for epoch in range(895, 903)]
    import_history(
        file_of(tmp_path, *lines), imported_at=NOW, on_rejected=print, on_progress=lambda file: None
    )
    assert settled_keys() == {validator.pk}
    past = pasts_of([validator.pk])[validator.pk]
    assert (past.first_epoch, past.epochs_known) == (895, 8)
    refresh_commission_flags([validator.pk])
    assert "above 50 %" in Validator.objects.get().commission_flags


def test_the_clean_up_sums_up_and_a_dry_run_does_not() -> None:
    validator = rows.validator(1)
    a_past(validator, 3)
    rows.fetch(epoch=EPOCH)
    assert sum_up(keep=timedelta(days=1), now=NOW, dry_run=True) == {}
    assert settled_keys() == set()
    sum_up(keep=timedelta(days=1), now=NOW, dry_run=False)
    assert settled_keys() == {validator.pk}


def test_what_was_written_past_a_sum_is_told_when_its_turn_to_be_summed_up_anew_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a version that does not know of sums, say."""
    monkeypatch.setattr("validators.services.settled_past.ANEW_EVERY", 3)
    validators = [rows.validator(number) for number in range(3)]
    for number, validator in enumerate(validators):
        a_past(validator, number)
    fetch = rows.fetch(epoch=EPOCH)
    settle()
    for number, validator in enumerate(validators):
        rewritten(validator, number)
    for later in (1, 2, 3):
        fetch.epoch = EPOCH + later
        fetch.save()
        assert settle() == 3
    for validator in validators:
        says_what_the_rows_say(validator)
