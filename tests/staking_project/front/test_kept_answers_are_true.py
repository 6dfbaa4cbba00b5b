"""What is kept is what would be made anew, byte for byte, whatever is written in between; and no tag lies."""

import gzip
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import brotli
import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone
from pytest_django.fixtures import Settings

from scheduling.models import Job
from scheduling.operations.setting_up import set_up
from staking_project.front import kept
from tests.validators.rows import NOON, fetch, history, scoring_run, validator
from validators.models import ScoringRun, SourceState, Validator
from validators.models.marks import Writer, mark_picture
from validators.monitoring.retention import prune_history
from validators.pages.rows import staleness
from validators.reading.picture import picture_version
from validators.services.sources import record_failure, record_success

pytestmark = [pytest.mark.django_db, pytest.mark.database]

UNDO: Final = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
ADDRESSES: Final = (
    *("/", "/?sort=-name", "/validators/vote1/", "/cluster/", "/events/", "/scores/", "/scores/compare/"),
    *("/selection/", "/compare/?v=vote1&v=vote2", "/api/v1/cluster", "/api/v1/validators?format=csv"),
    *("/api/v1/validators", "/api/v1/validators/vote1", "/api/v1/validators/vote2/score", "/api/v1/events"),
    *("/api/v1/scoring-runs", "/api/v1/validators/vote1/epochs", "/events/events.atom", "/llms.txt"),
)
STEPS: Final = 16


@pytest.fixture
def cluster() -> None:
    set_up("test", now=NOON, by="test")
    fetch(absolute_slot=427_000_000)
    for number in (1, 2, 3):
        history(validator(number, name=f"Blue Lagoon {number}"), epochs=3)


def _rename(dice: random.Random) -> None:
    """As a source stores what it heard."""
    Validator.objects.filter(vote_account="vote1").update(name=f"Blue Lagoon {dice.random()}")
    record_success(SourceState.Source.NAMES, endpoint="http://127.0.0.1", at=NOON)


def _rename_and_fail(dice: random.Random) -> None:
    class FailedError(Exception):
        pass

    try:
        with transaction.atomic():
            _rename(dice)
            raise FailedError
    except FailedError:
        pass


def _fail_long_ago(dice: random.Random) -> None:
    """Dated before the last attempt, as of a process whose clock is behind."""
    at = NOON - timedelta(seconds=dice.randrange(1_000))
    record_failure(dice.choice(list(SourceState.Source)), error="timed out", at=at)


def _score(dice: random.Random) -> None:
    found = list(Validator.objects.all())
    dice.shuffle(found)
    scoring_run([(one, 90.0 - place) for place, one in enumerate(found)], at=timezone.now())


def _prune(dice: random.Random) -> None:
    prune_history(keep=timedelta(days=-9_000), now=NOON, dry_run=False)


def _pause(dice: random.Random) -> None:
    paused = None if Job.objects.filter(paused_at__isnull=False).exists() else NOON
    Job.objects.filter(name="fetch-repeatable").update(paused_at=paused)


WRITES: Final[tuple[Callable[[random.Random], Any], ...]] = (
    *(_rename, _rename_and_fail, _fail_long_ago, _score, _prune, _pause),
    lambda dice: fetch(epoch=990 + dice.randrange(2), stored_at=timezone.now()),
)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("seed", range(3))
def test_a_kept_answer_is_what_a_fresh_one_would_be(
    seed: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "CLOCK_SECONDS", 0.0)
    dice, keeping, fresh = random.Random(seed), Client(), Client()
    told: dict[tuple[str, str], bytes] = {}
    with time_machine.travel(NOON + timedelta(seconds=5), tick=False) as clock:
        for _ in range(STEPS):
            dice.choice(WRITES)(dice)
            clock.shift(dice.choice((1, 2, 30, 4_000)))
            for address in dice.sample(ADDRESSES, 2):
                settings.ANSWERS_KEPT_SECONDS = 0
                plain = fresh.get(address)
                settings.ANSWERS_KEPT_SECONDS = 9_999
                for coding in dice.sample(sorted(UNDO), 2):
                    answer = keeping.get(address, headers={"Accept-Encoding": coding})
                    found = UNDO[answer.headers.get("Content-Encoding", "")](answer.content)
                    assert (answer.status_code, found) == (200, plain.content), (address, coding)
                    tag = answer.headers["ETag"]
                    assert tag.removeprefix("W/") == plain.headers.get("ETag", tag).removeprefix("W/")
                    assert told.setdefault((address, tag.removeprefix("W/")), found) == found
                    unchanged = keeping.get(address, headers={"If-None-Match": tag})
                    assert (unchanged.status_code, unchanged.content) == (304, b"")
                    head = keeping.head(address, headers={"Accept-Encoding": coding})
                    lengths = [one.headers["Content-Length"] for one in (answer, head)]
                    assert (head.content, lengths[0], head.headers["ETag"]) == (b"", lengths[1], tag)


@pytest.mark.usefixtures("cluster")
def test_no_page_says_what_time_it_is_but_in_the_words_that_are_part_of_its_version(
    settings: Settings,
) -> None:
    answers: list[list[bytes]] = []
    words: list[str] = []
    for later in (0, 9, 20 * 60, 40 * 60):
        with time_machine.travel(NOON + timedelta(seconds=86_400 + later), tick=False):
            words.append(staleness())
            answers.append([Client().get(address).content for address in ADDRESSES])

    assert words[0].startswith("No fetch for more than ")
    assert words == words[:1] * 4
    for address, *told in zip(ADDRESSES, *answers, strict=True):
        assert told == told[:1] * 4, address


@pytest.mark.parametrize("writer", [*Writer, *SourceState.Source])
def test_a_mark_makes_another_picture_and_a_transaction_that_failed_makes_none(writer: str) -> None:
    def version() -> str:
        return picture_version()

    before = version()
    with transaction.atomic():
        mark_picture(writer)
        transaction.set_rollback(True)
    assert version() == before
    mark_picture(writer)
    assert version() != before


def test_a_clean_up_in_the_middle_of_the_history_makes_another_picture() -> None:
    one, now = validator(1), timezone.now()
    runs = [scoring_run([(one, 90.0)], at=now - timedelta(days=ago)) for ago in (9, 8, 1)]
    ScoringRun.objects.filter(pk=runs[0].pk).update(epoch=1)
    before = picture_version()

    prune_history(keep=timedelta(days=7), now=now, dry_run=False)

    assert set(ScoringRun.objects.values_list("pk", flat=True)) == {runs[0].pk, runs[2].pk}
    assert picture_version() != before


@pytest.mark.usefixtures("cluster")
def test_what_is_for_one_is_neither_kept_nor_taken_from_what_is(settings: Settings) -> None:
    settings.ANSWERS_KEPT_SECONDS = 60
    strangers, starred = Client(), Client()
    # The same handler, as within one process.
    starred.handler = strangers.handler
    assert isinstance(starred.handler, ClientHandler)
    starred.cookies["stars"] = "vote1"

    for _ in range(2):
        plain, own = strangers.get("/?watched=yes"), starred.get("/?watched=yes")
        assert b"Blue Lagoon 1" not in plain.content
        assert b"Blue Lagoon 1" in own.content
        assert "ETag" not in own.headers
    headers = {"If-None-Match": plain.headers["ETag"]}
    assert starred.get("/?watched=yes", headers=headers).status_code == 200
