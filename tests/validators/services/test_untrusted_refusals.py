"""What an endpoint refuses: a bill is not a missing method, and a set that really shrank is believed."""

import pytest
from django.core.management import CommandError, call_command

from tests.validators.nodes import node
from tests.validators.nodes.damages import missing
from tests.validators.nodes.node import EVERYTHING, Refusal
from tests.validators.nodes.trial import Trial
from tests.validators.nodes.truth import stored_picture
from tests.validators.services.sources import EACH, METHODS, state
from validators.models import RequestTally, Validator

pytestmark = pytest.mark.django_db

# Less than half of the accounts stay.
MOST_GONE = missing(0.6)


@pytest.fixture(autouse=True)
def one_endpoint(trial: Trial) -> None:
    trial.fetch()
    trial.ask_only(trial.first)


@EACH
def test_an_hour_of_403_on_everything_switches_nothing_off(trial: Trial, source: str) -> None:
    trial.bad.refusals[EVERYTHING] = node.FORBIDDEN
    for each in ("votes", source):
        outcome = trial.fetch(each)
        assert (outcome.result, outcome.skipped) == (None, False), outcome
        assert "HTTP 403" in outcome.error
    trial.wait(hours=1)
    trial.bad.recover()
    trial.fetch()

    assert trial.fetch(source).error == ""


@EACH
@pytest.mark.parametrize("refusal", [node.GONE, node.NO_SUCH_METHOD], ids=["410", "-32601"])
def test_a_method_that_is_gone_while_others_answer_is_not_offered(
    trial: Trial, source: str, refusal: Refusal
) -> None:
    method = METHODS[source][1]
    trial.bad.refusals[method] = refusal
    outcome = trial.fetch(source)

    assert outcome.skipped, outcome
    assert "not offered" in outcome.error
    assert trial.first.url.removeprefix("http://") in outcome.error
    assert method in outcome.error


@EACH
def test_a_method_that_answered_before_is_not_taken_for_missing_after_one_403(
    trial: Trial, source: str
) -> None:
    method = METHODS[source][1]
    assert trial.fetch(source).error == ""
    trial.wait(hours=49)
    trial.fetch()
    trial.bad.refusals[method] = node.FORBIDDEN
    assert not trial.fetch(source).skipped
    trial.bad.recover()
    trial.wait(minutes=10)

    assert trial.fetch(source).error == ""


@EACH
def test_an_operator_who_fetches_by_hand_asks_at_once(
    trial: Trial, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    method = METHODS[source][1]
    trial.bad.refusals[method] = node.NO_SUCH_METHOD
    assert trial.fetch(source).skipped
    trial.bad.recover()

    call_command("fetch", source)

    assert "succeeded" in capsys.readouterr().out
    assert state(source).last_error == ""


@pytest.mark.database
@pytest.mark.parametrize("refusal", [node.THROTTLED, node.THROTTLED_INSIDE, node.THROTTLED_INSIDE_TOO])
def test_too_many_requests_are_counted_as_throttled_however_they_are_said(
    trial: Trial, refusal: Refusal
) -> None:
    trial.bad.refusals["getClusterNodes"] = refusal

    outcome = trial.fetch("nodes")

    assert "getClusterNodes" in outcome.error
    tally = RequestTally.objects.get(method="getClusterNodes", outcome="throttled")
    assert tally.requests >= 1


@pytest.mark.database
def test_a_set_that_really_shrank_is_taken_on_an_operators_word(trial: Trial) -> None:
    trial.bad.damages.append(MOST_GONE)
    trial.wait(hours=1)
    refused = trial.fetch()
    assert "--accept-shrunken" in refused.error

    call_command("fetch", "votes", "--accept-shrunken")

    assert len(stored_picture()) < 20
    assert Validator.objects.exclude(left_at=None).count() > 20


@pytest.mark.database
def test_a_set_that_really_shrank_is_refused_without_a_word(trial: Trial) -> None:
    before = stored_picture()
    trial.bad.damages.append(MOST_GONE)
    trial.wait(minutes=10)

    with pytest.raises(CommandError, match="votes"):
        call_command("fetch", "votes")

    assert stored_picture() == before


@pytest.mark.database
def test_a_shrunken_set_that_two_endpoints_agree_on_is_stored(trial: Trial) -> None:
    trial.ask_only(trial.first, trial.second)
    for address in (trial.first, trial.second):
        address.node.damages.append(MOST_GONE)

    (outcome,) = trial.look_every(1, times=1)

    assert outcome.error == ""
    assert len(stored_picture()) < 20


@pytest.mark.database
def test_a_shrunken_set_said_three_times_over_an_hour_is_stored(trial: Trial) -> None:
    trial.bad.damages.append(MOST_GONE)

    outcomes = trial.look_every(35 / 60, times=3)

    assert [outcome.result is None for outcome in outcomes] == [True, True, False]
    assert len(stored_picture()) < 20


@pytest.mark.database
def test_a_shrunken_set_said_three_times_within_minutes_is_not_stored(trial: Trial) -> None:
    before = stored_picture()
    trial.bad.damages.append(MOST_GONE)

    outcomes = trial.look_every(1 / 60, times=3)

    assert [outcome.result for outcome in outcomes] == [None] * 3
    assert stored_picture() == before
