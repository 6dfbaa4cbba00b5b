"""Why a job did or did not run at a given time, in sentences."""

from datetime import datetime, timedelta

from scheduling.exceptions import CadenceError
from scheduling.ledger.attempts import attempt_sentences, within_a_sentence
from scheduling.ledger.editions import EDITS
from scheduling.ledger.journal_words import action_words
from scheduling.ledger.selectors import next_run_of
from scheduling.models import Action, Job, JobChange, Overlap, Run, RunState
from scheduling.timing.durations import show_duration
from scheduling.timing.instants import show_instant

# What changes a job's settings; a pause is told by itself.
SETTINGS = tuple(action for action in EDITS if action not in (Action.PAUSE, Action.RESUME))


def explain(job: Job, *, at: datetime, now: datetime) -> list[str]:
    """What the ledger and the journal know about the occurrence in force at an instant, oldest fact first.

    Asked of the present it tells a pause once, with what comes next.
    """
    return [*what_became(job, at=at, now=now), *outlook(job, now=now)]


def what_became(job: Job, *, at: datetime, now: datetime) -> list[str]:
    """The same without what comes next."""
    is_past = at < now
    story = _changes_before(job, at=at, is_past=is_past)
    run = Run.objects.filter(job=job, occurrence__lte=at).order_by("-occurrence").first()
    later = Run.objects.filter(job=job, occurrence__gt=at).order_by("occurrence").first()
    if later is not None and later.missed_before and not _covers(job, run, at=at):
        story.append(
            f"No dispatcher claimed it in time: it is among the {later.missed_before:,} missed before "
            f"{_shown(later.occurrence)}, whose run made up for them."
        )
    elif run is not None:
        in_its_way = _in_the_way_of(run)
        story += [_story_of(in_its_way, now=now)] if in_its_way else []
        story += [_story_of(run, now=now), *attempt_sentences(run)]
    elif later is not None:
        story.append("The ledger has no run from then or before: its first one that is kept came later.")
    else:
        story.append("It has not run yet, or retention has deleted what ran.")
    return story


def _covers(job: Job, run: Run | None, *, at: datetime) -> bool:
    """Whether a run's occurrence is the one in force at that instant, not an earlier one."""
    if run is None:
        return False
    try:
        return bool(job.cadence.after(run.occurrence) > at)
    except CadenceError:
        return True


def _in_the_way_of(run: Run) -> Run | None:
    """The run that had not ended when this one was skipped: maybe it had not even begun."""
    if run.state != RunState.SKIPPED or run.finished_at is None:
        return None
    before = Run.objects.filter(job=run.job_id, occurrence__lt=run.occurrence).exclude(state=RunState.SKIPPED)
    newest = before.order_by("-occurrence").first()
    if newest is None or (newest.finished_at is not None and newest.finished_at <= run.finished_at):
        return None
    return newest


def _changes_before(job: Job, *, at: datetime, is_past: bool) -> list[str]:
    """The newest change of its settings until the instant, and the pause that was in force in the past."""
    changes = JobChange.objects.filter(job=job, at__lte=at)
    newest = changes.filter(action__in=SETTINGS).first()
    story = []
    # That it was removed is told with what comes next.
    if newest is not None and (is_past or newest.action != Action.REMOVED):
        done = "" if newest.action == Action.SET else f": {action_words(newest.action)}"
        what = f"{_shown(newest.at)} by {newest.by}{done}"
        detail = f" ({newest.detail})" if newest.detail else ""
        story.append(f"{'Until then it' if is_past else 'It'} was last changed at {what}{detail}.")
    switch = changes.filter(action__in=(Action.PAUSE, Action.RESUME)).first()
    if is_past and switch is not None and switch.action == Action.PAUSE:
        detail = f": {switch.detail}" if switch.detail else ""
        story.append(f"At that time it was paused, since {_shown(switch.at)} by {switch.by}{detail}.")
    return story


def _story_of(run: Run, *, now: datetime) -> str:
    """One run, from its occurrence to its end."""
    occurrence = f"The occurrence of {_shown(run.occurrence)}"
    if run.trigger != "schedule":
        occurrence += f" (asked for by {run.get_trigger_display().lower()})"
    why = within_a_sentence(run.error)
    if run.state == RunState.SKIPPED:
        return f"{occurrence} was skipped: {why}."
    if run.state == RunState.PENDING:
        because = f": {why}" if why else ""
        return f"{occurrence} {_what_it_waits_for(run, now=now)}{because}."
    if run.state == RunState.QUEUED:
        return f"{occurrence} is queued and no worker has taken it yet."
    started = f"{occurrence} was {_started(run)}"
    if run.state == RunState.RUNNING:
        return f"{started}, and is running (attempt {run.attempt})."
    missed = f" It made up for {run.missed_before:,} missed before it." if run.missed_before else ""
    because = f": {why}" if run.state == RunState.FAILED else ""
    took = _milliseconds(run.duration)
    return f"{started}, and {run.state} after {took} in attempt {run.attempt}{because}.{missed}"


def _what_it_waits_for(run: Run, *, now: datetime) -> str:
    """Its time, or what has kept it since: a pause, another run of its job, or those that go before it."""
    job = run.job
    if job.paused_at is not None and run.is_held_by_a_pause:
        return f"waits until {job.name} is resumed"
    if run.not_before > now:
        return f"waits until {_shown(run.not_before)}"
    under_way = Run.objects.filter(job=job, state__in=(RunState.QUEUED, RunState.RUNNING)).first()
    if under_way is not None and job.overlap != Overlap.ALLOW:
        return f"waits for the run of {_shown(under_way.occurrence)} to end"
    return "is due and waits for its turn"


def _started(run: Run) -> str:
    """When and by whom; how late is told of the first start, which a later attempt's is not."""
    last = f"by {run.worker} at {_shown(run.started_at)}"
    is_first = run.attempt <= 1 and not run.failed_attempts
    late = f", {_milliseconds(run.lateness)} late" if run.lateness is not None else ""
    if is_first:
        return f"started {last}{late}"
    if run.lateness is None:
        return f"started for the last time {last}"
    return f"first started at {_shown(run.occurrence + run.lateness)}{late}; for the last time {last}"


def outlook(job: Job, *, now: datetime) -> list[str]:
    """What will happen next."""
    if job.schedule is None:
        removed = JobChange.objects.filter(job=job, action=Action.REMOVED).first()
        by = f": {removed.by} removed it at {_shown(removed.at)}" if removed else ""
        return [f"It has no schedule now{by}. `scheduler setup` gives it one."]
    if job.paused_at is not None:
        return [_pause(job)]
    if job.after is not None:
        return [f"It runs after each success of {job.after.name}{_leader_outlook(job.after)}."]
    next_run = next_run_of(job)
    if next_run is None:
        return ["It has no next run: its end or count is reached, or its cadence is broken."]
    wait = timedelta(seconds=round((next_run - now).total_seconds()))
    if wait < timedelta(0):
        return [f"Its next run was due at {_shown(next_run)} and is not claimed yet."]
    return [f"Its next run is at {_shown(next_run)}" + (f", in {show_duration(wait)}." if wait else ".")]


def _pause(job: Job) -> str:
    """The one in force: by whom, why, and how it ends."""
    paused = JobChange.objects.filter(job=job, action=Action.PAUSE).first()
    by = f" by {paused.by}" if paused else ""
    note = f": {job.pause_note.rstrip('.')}" if job.pause_note else ""
    resume = f"`scheduler resume {job.name}`"
    end = (
        f"It goes on by itself at {_shown(job.paused_until)}, or before by {resume}."
        if job.paused_until
        else f"It goes on by {resume}."
    )
    return f"It is paused, since {_shown(job.paused_at)}{by}{note}. {end}"


def _leader_outlook(leader: Job) -> str:
    """What keeps it from running, or when it is due; empty where nobody knows."""
    if leader.schedule is None:
        return ", which has no schedule"
    if leader.paused_at is not None:
        return ", which is paused"
    return f", which is due at {_shown(leader.schedule.next_run)}" if leader.schedule.next_run else ""


def _shown(instant: datetime | None) -> str:
    return show_instant(instant) if instant else "an unknown time"


def _milliseconds(duration: timedelta | None) -> str:
    return "an unknown time" if duration is None else f"{duration.total_seconds() * 1000:.0f} ms"
