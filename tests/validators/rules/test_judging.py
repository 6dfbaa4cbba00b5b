"""A rule set judges a past: by which epoch, until when, and what it cannot know. No database."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.rules.findings import Finding, Outcome
from validators.rules.inputs import ABSENT, Known, Past, WholePast
from validators.rules.judging import judge
from validators.rules.schema import RuleSet

NOW = 1010


def rule_set(*rules: dict[str, Any], decides: str = "rules") -> RuleSet:
    named = [
        {"name": f"rule-{place}", "said": "So", "kind": "value", **rule} for place, rule in enumerate(rules)
    ]
    about = {"name": "mine", "title": "Mine", "version": "1", "read_on": "2026-11-26", "decision": "Taken."}
    return RuleSet.model_validate({**about, "decides": decides, "rules": named})


def past(
    name: str = "commission",
    values: dict[int, Any] | None = None,
    *,
    held: range = range(NOW - 60, NOW + 1),
    pending: tuple[tuple[str, int], ...] = (),
    whole: WholePast | None = None,
    old: dict[int, Known] | None = None,
    **now: Any,
) -> Past:
    epochs = {epoch: Known(**{name: value}) for epoch, value in (values or {}).items()}
    if now:
        epochs[NOW] = epochs.get(NOW, Known())._replace(**now)
    return Past(NOW, epochs, frozenset(held), frozenset(pending), whole or WholePast(), old or {})


def found(rule: dict[str, Any], of: Past) -> Finding:
    [finding] = judge(rule_set(rule), of).findings
    return finding


THIRTY = {"input": "commission", "at_most": 0.05, "window": 31}


def always(value: Any, first: int = NOW - 60) -> dict[int, Any]:
    return dict.fromkeys(range(first, NOW + 1), value)


def test_an_epoch_that_fails_leaves_its_window_as_the_steward_reckons() -> None:
    """Its guide's own example: 995 + 30 + 1 = 1026, with the running epoch in the window and without."""
    bad = always(0.05) | {995: 0.08, 990: 0.07}
    with_running = found(THIRTY, past(values=bad))
    ended = found({**THIRTY, "window": 30, "running": False}, past(values=bad))
    for finding in (with_running, ended):
        assert (finding.outcome, finding.value, finding.epoch) == ("fails", 0.08, 995)
        assert (finding.first_epoch, finding.epochs, finding.clears_in) == (990, 2, 1026)
        assert not finding.goes_on


@given(
    window=st.integers(1, 40),
    running=st.booleans(),
    bad=st.sets(st.integers(NOW - 45, NOW - 1), min_size=1, max_size=4),
)
def test_a_past_that_stays_as_it_is_passes_first_in_the_epoch_that_was_told(
    window: int, running: bool, bad: set[int]
) -> None:
    """Played forward, epoch by epoch, with nothing else happening."""
    rules = rule_set({"input": "skip_rate", "at_most": 0.1, "window": window, "running": running})

    def outcome(epoch: int) -> Finding:
        values = {one: Known(skip_rate=0.5 if one in bad else 0.0) for one in range(NOW - 60, epoch + 1)}
        then = Past(epoch, values, frozenset(values), frozenset(), WholePast(), {})
        return judge(rules, then).findings[0]

    finding = outcome(NOW)
    passes = [epoch for epoch in range(NOW, NOW + 60) if outcome(epoch).outcome is Outcome.PASSES]
    if finding.outcome is Outcome.FAILS:
        assert finding.clears_in == passes[0]
    else:
        assert passes[0] == NOW


@given(window=st.integers(2, 20), least=st.integers(1, 20), voted=st.sets(st.integers(NOW - 20, NOW - 1)))
def test_so_many_epochs_of_a_window_are_enough_first_in_the_epoch_that_was_told(
    window: int, least: int, voted: set[int]
) -> None:
    least = min(least, window)
    rule = {"input": "voted", "is": True, "window": window, "running": False, "in_at_least": least}

    def outcome(epoch: int) -> Finding:
        told = {one: Known(voted=one in voted or one >= NOW) for one in range(NOW - 60, epoch + 1)}
        return judge(
            rule_set(rule), Past(epoch, told, frozenset(told), frozenset(), WholePast(), {})
        ).findings[0]

    finding = outcome(NOW)
    passes = [epoch for epoch in range(NOW, NOW + 60) if outcome(epoch).outcome is Outcome.PASSES]
    assert passes[0] == (finding.clears_in if finding.outcome is Outcome.FAILS else NOW)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        (always(0.05), "passes"),
        (always(0.05) | {NOW: 0.06}, "fails"),
        # A fault far back is one, whatever else is not known.
        ({NOW - 30: 0.06}, "fails"),
        ({NOW - 31: 0.06}, "unknown"),
        (always(0.05, first=NOW - 30), "passes"),
        (always(0.05) | {NOW - 3: None}, "unknown"),
        # The running epoch has more to tell.
        (always(0.05) | {NOW: None}, "passes"),
        ({}, "unknown"),
    ],
)
def test_each_epoch_of_a_window_counts_and_no_unknown_one_passes(
    values: dict[int, Any], outcome: str
) -> None:
    assert found(THIRTY, past(values=values)).outcome == outcome


def test_a_setting_that_fails_still_goes_on_and_one_of_now_clears_at_once() -> None:
    finding = found(THIRTY, past(values=always(0.05) | {NOW: 0.08}))
    assert (finding.clears_in, finding.goes_on) == (NOW + 31, True)
    now = found({"input": "stake", "below": 750}, past("stake", {NOW: 750.0}))
    assert (now.outcome, now.value, now.clears_in, now.goes_on) == ("fails", 750.0, None, True)


@pytest.mark.parametrize(
    ("absent", "values", "outcome"),
    [
        ("unknown", {NOW: 0.05}, "unknown"),
        ("skip", {NOW: 0.05}, "passes"),
        ("fail", {NOW: 0.05}, "fails"),
        ("fail_if_all", {NOW: 0.05}, "passes"),
        ("fail_if_all", {NOW: ABSENT}, "fails"),
        ("skip", {NOW: ABSENT}, "unknown"),
    ],
)
def test_what_is_known_not_to_be_there_is_what_the_rule_says(
    absent: str, values: dict[int, Any], outcome: str
) -> None:
    rule = {"input": "mev_commission", "at_most": 0.1, "window": 3, "absent": absent}
    assert found(rule, past("mev_commission", values)).outcome == outcome


def test_who_was_not_in_the_cluster_did_not_vote() -> None:
    rule = {"input": "voted", "is": True, "window": 5, "running": False, "absent": "fail"}
    assert found(rule, past("voted", always(True, first=NOW - 5))).outcome == "passes"
    late = found(rule, past("voted", always(True, first=NOW - 3)))
    assert (late.outcome, late.epoch, late.clears_in) == ("fails", NOW - 4, NOW + 2)
    # Of epochs that nobody here saw, nothing is known.
    short = past("voted", always(True, first=NOW - 3), held=range(NOW - 3, NOW))
    assert found(rule, short).outcome == "unknown"


def test_vote_credits_cannot_be_told_of_epochs_that_pay_lamports() -> None:
    """Neither of who was not in the cluster then; what fell short before fails still, until it is over."""
    rule = {"input": "credits_share", "at_least": 0.85, "window": 3, "running": False, "absent": "fail"}
    lamports = frozenset({NOW - 1, NOW - 2})

    told = found(rule, replace(past("credits_share", {NOW - 3: 0.9}), lamports=lamports))

    assert (told.outcome, told.because) == (
        "unknown",
        "it cannot be told since Alpenglow, as credits are lamports there "
        f"(in 2 of 3 epochs, last in {NOW - 1})",
    )
    short = found(rule, replace(past("credits_share", {NOW - 3: 0.8}), lamports=lamports))
    assert (short.outcome, short.epoch, short.clears_in) == ("fails", NOW - 3, NOW + 1)


@pytest.mark.parametrize(
    ("value", "doubt", "outcome"),
    [
        (0.05, {"at_most": 0.1}, "passes"),
        (0.07, {"at_most": 0.1}, "unknown"),
        (0.11, {"at_most": 0.1}, "fails"),
        (0.11, {}, "unknown"),
    ],
)
def test_a_doubt_lies_between_what_passes_and_what_fails_for_sure(
    value: float, doubt: dict[str, float], outcome: str
) -> None:
    rule = {"input": "commission", "at_most": 0.05, "doubt": {"because": "Two pages differ", **doubt}}
    finding = found(rule, past(commission=value))
    assert finding.outcome == outcome
    assert finding.because == ("Two pages differ" if outcome == "unknown" else "")


def test_what_nobody_was_told_of_yet_is_waited_for() -> None:
    """Else every verdict would be unknown at the beginning of each epoch."""
    judged = always(1.0) | {NOW - 1: None}
    late = (("vote_performance", NOW - 1),)
    of_three = {"input": "vote_performance", "at_least": 0.8, "window": 3, "running": False}
    of_one = {"input": "vote_performance", "at_least": 0.97, "running": False}
    for rule in (of_three, of_one):
        assert found(rule, past("vote_performance", judged, pending=late)).outcome == "passes"
        assert found(rule, past("vote_performance", judged)).outcome == "unknown"
    low = past("vote_performance", judged | {NOW - 2: 0.9}, pending=late)
    finding = found(of_one, low)
    assert (finding.outcome, finding.epoch, finding.clears_in) == ("fails", NOW - 2, NOW)


def test_a_rule_of_now_takes_what_was_told_last_and_nothing_old() -> None:
    rule = {"input": "mev_commission", "at_most": 0.1}
    assert found(rule, past("mev_commission", {NOW: None, NOW - 1: 0.2})).epoch == NOW - 1
    assert found(rule, past("mev_commission", {NOW: None, NOW - 3: 0.2})).outcome == "unknown"


def test_a_rule_over_all_epochs_wants_all_of_them_and_never_forgets() -> None:
    rule = {"input": "commission", "at_most": 0.5, "window": "all", "since": 520}
    whole = WholePast(first=NOW - 60, epochs=61, commissions=61, voted=61, joined_then=True)
    calm = always(0.05)
    assert found(rule, past(values=calm, whole=whole)).outcome == "passes"
    assert (
        found(rule, past(values=calm, whole=WholePast(first=NOW - 60, epochs=61, commissions=61))).outcome
        == "unknown"
    )
    gaps = WholePast(first=NOW - 60, epochs=61, commissions=60, joined_then=True)
    assert "in 1 of its epochs" in found(rule, past(values=calm, whole=gaps)).because
    once = found(rule, past(values=calm, old={600: Known(commission=1.0)}))
    assert (once.outcome, once.epoch, once.clears_in) == ("fails", 600, None)
    assert found(rule, past(values=calm, whole=whole, old={500: Known(commission=1.0)})).outcome == "passes"


@pytest.mark.parametrize(
    ("first", "commissions", "said"),
    [
        (None, 0, "in no epoch"),
        (NOW - 4, 5, f"is known from epoch {NOW - 4} on"),
        (NOW - 4, 4, f"is not known before epoch {NOW - 4}, nor in one epoch since then"),
        (NOW - 4, 1, f"is not known before epoch {NOW - 4}, nor in 4 epochs since then"),
    ],
)
def test_where_a_commission_is_not_known_is_told_of_commissions_and_not_of_votes(
    first: int | None, commissions: int, said: str
) -> None:
    """Accounts tell votes of epochs before the first look, whose commissions nobody saw."""
    rule = {"input": "commission", "at_most": 0.5, "window": "all", "since": 520}
    finding = found(rule, past(whole=WholePast(first=first, epochs=5, commissions=commissions)))
    assert (finding.outcome, finding.because.endswith(said)) == ("unknown", True)


def test_twenty_epochs_of_a_life_are_reached_in_a_known_epoch_by_who_joined_here() -> None:
    rule = {"input": "voted", "is": True, "window": "all", "in_at_least": 20}
    young = WholePast(first=NOW - 11, epochs=12, voted=12, joined_then=True)
    finding = found(rule, past(whole=young, voted=True))
    assert (finding.outcome, finding.epochs, finding.clears_in) == ("fails", 8, NOW + 8)
    # As an epoch begins, its first vote is still to come.
    for in_this in (False, None):
        assert found(rule, past(whole=young, voted=in_this)).clears_in == NOW + 7
    assert found(rule, past(whole=WholePast(first=NOW - 11, epochs=12, voted=12))).outcome == "unknown"
    for voted, said in ((12, "12 epochs that are"), (1, "one epoch that is"), (0, "no epochs that are")):
        some = past(whole=WholePast(first=NOW - 11, epochs=12, voted=voted))
        assert found(rule, some).because == f"it voted in {said} known, maybe in more"
    assert found(rule, past(whole=WholePast(voted=20))).outcome == "passes"


@pytest.mark.parametrize(
    ("version", "lineage", "outcome"),
    [
        ("3.0.14", "agave", "passes"),
        ("3.0.13", "agave", "fails"),
        ("3.1.0-rc.1", "agave", "passes"),
        ("0.700.1", "frankendancer", "unknown"),
        (None, "", "unknown"),
        ("a wild one", "agave", "unknown"),
    ],
)
def test_versions_are_compared_within_their_own_numbering(version: Any, lineage: str, outcome: str) -> None:
    rule = {"kind": "version", "at_least": {"agave": "3.0.14"}}
    assert found(rule, past(version=version, lineage=lineage)).outcome == outcome
    doubted = found({**rule, "doubt": "It may be higher by now"}, past(version=version, lineage=lineage))
    assert doubted.outcome == ("fails" if outcome == "fails" else "unknown")


@pytest.mark.parametrize(
    ("version", "lineage", "because"),
    [
        ("0.700.1", "frankendancer", "no bound is known for the numbering of frankendancer"),
        ("26.8.0", "", "no bound is known for numbers as those of 26.8.0"),
        (None, "", "no version of its node is known"),
    ],
)
def test_why_a_version_is_not_judged_names_what_is_not_known(
    version: Any, lineage: str, because: str
) -> None:
    rule = {"kind": "version", "at_least": {"agave": "3.0.14"}}
    assert found(rule, past(version=version, lineage=lineage)).because == because


def test_a_set_is_as_good_as_its_worst_rule_and_measured_by_what_can_be_looked_at() -> None:
    good = {"input": "commission", "at_most": 0.05}
    elsewhere = {"kind": "elsewhere", "because": "They decide"}
    calm, dear = past(commission=0.05), past(commission=0.06)

    def verdict(of: Past, *rules: dict[str, Any], decides: str = "rules") -> tuple[str, str]:
        made = judge(rule_set(*rules, decides=decides), of)
        return made.outcome, made.measured

    assert verdict(calm, good) == ("passes", "passes")
    assert verdict(calm, good, decides="auction") == ("eligible", "passes")
    assert verdict(calm, good, elsewhere) == ("unknown", "passes")
    assert verdict(dear, good, elsewhere) == ("fails", "fails")
    assert verdict(calm, elsewhere) == ("unknown", "unknown")


@pytest.mark.parametrize("running", [True, False])
def test_what_one_epoch_does_not_tell_is_not_said_to_be_unknown_altogether(running: bool) -> None:
    """Its page tells the commission of the epoch that had it last."""
    rule = {"input": "mev_commission", "at_most": 0.1, "window": 1, "running": running}
    told = dict.fromkeys(range(NOW - 5, NOW + 1)) | {NOW - 7: 1.0}

    finding = found(rule, past("mev_commission", told))

    epoch = NOW if running else NOW - 1
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.because == f"MEV commission is not known in epoch {epoch}"


@pytest.mark.parametrize("name", ["mev_commission", "has_name"])
def test_who_was_not_in_the_cluster_yet_is_no_answer_to_what_is_asked_of_now(name: str) -> None:
    """Its tips and its name are not told yet, and the epochs before it came are no account without tips."""
    bound = {"is": True} if name == "has_name" else {"at_most": 0.1}
    newcomer = past(values={NOW: None}, stake=0.998)

    finding = found({"input": name, **bound, "absent": "fail"}, newcomer)

    assert (finding.outcome, finding.value) == ("unknown", None)
    assert finding.because.endswith(f" is not known in epoch {NOW}")


def test_who_was_not_in_the_cluster_yet_is_not_without_tips_in_every_epoch() -> None:
    tips = {"input": "mev_commission", "at_most": 0.1, "window": 31, "absent": "fail_if_all"}

    assert found(tips, past(values={NOW: None}, stake=1.0)).outcome == "unknown"
    without = past("mev_commission", {NOW - 1: ABSENT}, stake=1.0)
    assert (found(tips, without).outcome, found(tips, without).epoch) == ("fails", NOW - 1)
