"""What a rule set says of a validator's past: which rule, by which epoch, and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from validators.rules.findings import Finding, Outcome, Verdict
from validators.rules.inputs import ABOUT, ABSENT, Known, Past, Value
from validators.rules.schema import ElsewhereRule, Rule, RuleSet, ValueRule, VersionRule
from validators.solana.versions import parse_version

_NOTHING: Final = Known()
# A rule of now takes what was told last, where the running epoch tells nothing yet; older is not now.
EPOCHS_OF_NOW: Final = 2
_NO_VOTE_CREDITS: Final = "it cannot be told since Alpenglow, as credits are lamports there"


def judge(rules: RuleSet, past: Past) -> Verdict:
    findings = tuple(_finding(rule, past) for rule in rules.rules)
    outcome = _worst(findings)
    if outcome is Outcome.PASSES and rules.decides != "rules":
        outcome = Outcome.ELIGIBLE
    return Verdict(outcome, _worst([one for one in findings if not one.elsewhere]), findings)


def _worst(findings: Sequence[Finding]) -> Outcome:
    told = {one.outcome for one in findings}
    if Outcome.FAILS in told:
        return Outcome.FAILS
    return Outcome.UNKNOWN if Outcome.UNKNOWN in told or not told else Outcome.PASSES


def _finding(rule: Rule, past: Past) -> Finding:
    if isinstance(rule, ElsewhereRule):
        return Finding(rule.name, Outcome.UNKNOWN, rule.because, elsewhere=True)
    if isinstance(rule, VersionRule):
        return _of_version(rule, past)
    if rule.window == "all":
        return _of_all_votes(rule, past) if rule.input == "voted" else _of_all_commissions(rule, past)
    return _of_window(rule, past)


def _of_version(rule: VersionRule, past: Past) -> Finding:
    now = past.epochs.get(past.running, _NOTHING)
    version = parse_version(now.version) if isinstance(now.version, str) else None
    if version is None:
        return Finding(rule.name, Outcome.UNKNOWN, "no version of its node is known")
    least = rule.least(now.lineage)
    if least is None:
        numbers = f"the numbering of {now.lineage}" if now.lineage else f"numbers as those of {now.version}"
        return Finding(rule.name, Outcome.UNKNOWN, f"no bound is known for {numbers}")
    if version < least:
        return Finding(
            rule.name, Outcome.FAILS, value=str(now.version), epoch=past.running, epochs=1, goes_on=True
        )
    return (
        Finding(rule.name, Outcome.UNKNOWN, rule.doubt, so_far=True)
        if rule.doubt
        else Finding(rule.name, Outcome.PASSES)
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """One epoch of a window as its rule sees it."""

    epoch: int
    value: Value
    outcome: Outcome
    because: str = ""


def _of_window(rule: ValueRule, past: Past) -> Finding:
    assert rule.window != "all"
    lag = 0 if rule.running else 1
    last = past.running - lag
    if rule.window == 1:
        last = _newest_told(rule.input, past) if rule.running else _newest_judged(rule.input, past)
    seen = [one for epoch in range(last - rule.window + 1, last + 1) if (one := _seen(rule, past, epoch))]
    if not seen:
        return _of_nothing(rule, past, last)
    if rule.in_at_least is not None:
        return _counted(rule, seen, running=past.running, lag=lag)
    failing = [one for one in seen if one.outcome is Outcome.FAILS]
    if failing:
        # What is asked of now alone is asked anew with every look.
        is_of_now = rule.window == 1 and rule.running
        clears_in = None if is_of_now else failing[-1].epoch + rule.window + lag
        return _failed(rule, failing, clears_in=clears_in, goes_on=failing[-1].epoch == seen[-1].epoch)
    return _not_failed(rule, seen)


def _newest_told(name: str, past: Past) -> int:
    for epoch in range(past.running, past.running - EPOCHS_OF_NOW - 1, -1):
        # Who was not in the cluster yet told nothing.
        if _told(name, past, epoch) is not None:
            return epoch
    return past.running


def _newest_judged(name: str, past: Past) -> int:
    """The last epoch that ended, or the one before it while nobody was told of the last."""
    epoch = past.running - 1
    while (name, epoch) in past.pending:
        epoch -= 1
    return epoch


def _seen(rule: ValueRule, past: Past, epoch: int) -> _Seen | None:
    """None for an epoch that is passed over."""
    if ABOUT[rule.input].of_vote_credits and epoch in past.lamports:
        return _Seen(epoch, None, Outcome.UNKNOWN, _NO_VOTE_CREDITS)
    value = _value(rule.input, past, epoch)
    if value is ABSENT:
        if rule.absent in ("skip", "fail_if_all"):
            return None
        fails = rule.absent == "fail"
        return _Seen(epoch, ABSENT, Outcome.FAILS if fails else Outcome.UNKNOWN, "there is nothing to judge")
    if value is None:
        is_to_come = epoch == past.running and rule.window != 1
        if is_to_come or (rule.input, epoch) in past.pending:
            return None
        return _Seen(epoch, None, Outcome.UNKNOWN, _not_known(rule, epoch))
    assert not isinstance(value, str)
    return _judged(rule, epoch, value)


def _told(name: str, past: Past, epoch: int) -> Value:
    """Of one that was there."""
    known = past.epochs.get(epoch)
    return None if known is None else getattr(known, name)


def _value(name: str, past: Past, epoch: int) -> Value:
    if epoch in past.epochs:
        return _told(name, past, epoch)
    if epoch not in past.held:
        return None
    return False if name == "voted" else ABSENT


def _judged(rule: ValueRule, epoch: int, value: float | bool) -> _Seen:
    if rule.is_anything and rule.holds(value):
        return _Seen(epoch, value, Outcome.PASSES)
    if rule.doubt is None or (rule.doubt.is_anything and not rule.doubt.holds(value)):
        return _Seen(epoch, value, Outcome.FAILS)
    return _Seen(epoch, value, Outcome.UNKNOWN, rule.doubt.because)


def _of_nothing(rule: ValueRule, past: Past, last: int) -> Finding:
    """Every epoch of the window was passed over."""
    absent = next((one for one in (last, last - 1) if _told(rule.input, past, one) is ABSENT), None)
    if rule.absent == "fail_if_all" and absent is not None:
        return Finding(rule.name, Outcome.FAILS, epoch=absent, epochs=1, goes_on=True)
    return Finding(rule.name, Outcome.UNKNOWN, _not_known(rule, last))


def _not_known(rule: ValueRule, epoch: int) -> str:
    """Of a rule of one epoch, in that one: of another it may be known, and told beside."""
    said = f"{ABOUT[rule.input].said} is not known"
    return f"{said} in epoch {epoch}" if rule.window == 1 else said


def _failed(rule: ValueRule, failing: Sequence[_Seen], *, clears_in: int | None, goes_on: bool) -> Finding:
    newest = failing[-1]
    return Finding(
        rule.name,
        Outcome.FAILS,
        value=None if newest.value is ABSENT else newest.value,
        epoch=newest.epoch,
        first_epoch=failing[0].epoch,
        epochs=len(failing),
        clears_in=clears_in,
        goes_on=goes_on and ABOUT[rule.input].is_setting,
    )


def _not_failed(rule: ValueRule, seen: Sequence[_Seen]) -> Finding:
    unknown = [one for one in seen if one.outcome is Outcome.UNKNOWN]
    if not unknown:
        return Finding(rule.name, Outcome.PASSES)
    because = unknown[-1].because
    if rule.window != 1:
        because = f"{because} ({_how_many(len(unknown), len(seen))}, last in {unknown[-1].epoch})"
    so_far = any(one.value is not None and one.outcome is not Outcome.FAILS for one in seen)
    return Finding(rule.name, Outcome.UNKNOWN, because, so_far=so_far)


def _how_many(some: int, told: int) -> str:
    """Of the window's epochs that anything is told of: the newest are often still to come."""
    if some < told:
        return f"in {some} of {told} epochs"
    return (
        f"in each of the {told} epochs that are told of" if told > 1 else "in the one epoch that is told of"
    )


def _counted(rule: ValueRule, seen: Sequence[_Seen], *, running: int, lag: int) -> Finding:
    assert rule.in_at_least is not None
    assert rule.window != "all"
    passing = [one.epoch for one in seen if one.outcome is Outcome.PASSES]
    unknown = [one for one in seen if one.outcome is Outcome.UNKNOWN]
    if len(passing) >= rule.in_at_least:
        return Finding(rule.name, Outcome.PASSES)
    if len(passing) + len(unknown) >= rule.in_at_least:
        return _not_failed(rule, seen)
    failing = [one for one in seen if one.outcome is Outcome.FAILS]
    if not failing:
        because = "too few epochs of the window are known"
        return Finding(rule.name, Outcome.UNKNOWN, because, so_far=bool(passing))
    clears_in = next(
        later
        for later in range(running + 1, running + rule.window + lag + 1)
        if _passing_in(later, passing, window=rule.window, lag=lag, known_to=seen[-1].epoch)
        >= rule.in_at_least
    )
    return _failed(rule, failing, clears_in=clears_in, goes_on=False)


def _passing_in(later: int, passing: Sequence[int], *, window: int, lag: int, known_to: int) -> int:
    """How many epochs of the window of then would pass, if all that are still to come do."""
    first, last = later - lag - window + 1, later - lag
    return sum(epoch >= first for epoch in passing) + max(0, last - max(known_to, first - 1))


def _of_all_votes(rule: ValueRule, past: Past) -> Finding:
    assert rule.in_at_least is not None
    missing = rule.in_at_least - past.whole.voted
    if missing <= 0:
        return Finding(rule.name, Outcome.PASSES)
    if not past.whole.joined_then:
        voted = past.whole.voted
        epochs = "one epoch that is" if voted == 1 else f"{voted or 'no'} epochs that are"
        return Finding(rule.name, Outcome.UNKNOWN, f"it voted in {epochs} known, maybe in more")
    # Until it voted in the running epoch, that one is still to come.
    to_come = missing if _told(rule.input, past, past.running) is True else missing - 1
    return Finding(
        rule.name,
        Outcome.FAILS,
        value=float(past.whole.voted),
        epoch=past.running,
        first_epoch=past.whole.first,
        epochs=missing,
        clears_in=past.running + to_come,
    )


def _of_all_commissions(rule: ValueRule, past: Past) -> Finding:
    """What was too high once never leaves."""
    told: Mapping[int, Known] = {**past.old, **past.epochs}
    judged = [
        _judged(rule, epoch, known.commission)
        for epoch, known in sorted(told.items())
        if epoch >= rule.since and isinstance(known.commission, float)
    ]
    failing = [one for one in judged if one.outcome is Outcome.FAILS]
    if failing:
        return _failed(rule, failing, clears_in=None, goes_on=False)
    doubted = [one for one in judged if one.outcome is Outcome.UNKNOWN]
    if doubted:
        return Finding(rule.name, Outcome.UNKNOWN, doubted[-1].because, so_far=True)
    because = _commissions_lacking(rule, past)
    if because:
        return Finding(rule.name, Outcome.UNKNOWN, because, so_far=bool(judged))
    return Finding(rule.name, Outcome.PASSES)


def _commissions_lacking(rule: ValueRule, past: Past) -> str:
    """Where its commission is not known, of all epochs that the rule asks about; empty if it is in each."""
    whole = past.whole
    if whole.first is None:
        return "its commission is known in no epoch"
    lacking = past.running - whole.first + 1 - whole.commissions
    if whole.first <= rule.since or whole.joined_then:
        return f"its commission is not known in {lacking} of its epochs" if lacking > 0 else ""
    if lacking > 0:
        epochs = "one epoch" if lacking == 1 else f"{lacking} epochs"
        return f"its commission is not known before epoch {whole.first}, nor in {epochs} since then"
    return f"its commission is known from epoch {whole.first} on"
