import json
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from scheduling.checks import DECLARED
from scheduling.clock import database_now
from scheduling.exceptions import SchedulingError, UnknownNameError
from scheduling.ledger import presentation, selectors
from scheduling.ledger.coming import coming_occurrences
from scheduling.ledger.journal_words import journal_words
from scheduling.ledger.patience import in_turn
from scheduling.ledger.stories import explain
from scheduling.management.audit_reply import audit_reply
from scheduling.management.command import WRONG_USAGE, OperatorCommand, Reply
from scheduling.management.comparison_reply import comparison_reply
from scheduling.management.list_reply import list_reply
from scheduling.management.options import add_set_options, count, given, read_set_options
from scheduling.management.retry_reply import retry_reply
from scheduling.management.scheduler_arguments import (
    add_audit_arguments,
    add_backfill_arguments,
    add_cancel_arguments,
    add_one_or_all,
    add_pause_arguments,
    add_retry_arguments,
    user_name,
)
from scheduling.management.tables import printable, table
from scheduling.models import Run
from scheduling.modes import MODES, declared_jobs
from scheduling.monitoring.hindrances import hindrances
from scheduling.monitoring.left_out import readable
from scheduling.operations import changing, setting_up
from scheduling.operations.cancelling import What, cancel
from scheduling.operations.naming import job_named
from scheduling.operations.pausing import pause_all, resume_all, rewind_all
from scheduling.timing.instants import parse_instant
from scheduling.wording import counted

HELP = """\
scheduler setup [test|production]     set the schedules up for a mode, or switch to it
                                      (default: the mode they are in; at first: test)
scheduler list                        show each schedule with its next and its last run
scheduler remove [MODE|NAME …]        remove this project's schedules: all, a mode's, or those named
                                      (also written: scheduler setup remove)
scheduler pause NAME|--all [--until TIME] [--note WHY]
                                      claim no more occurrences until then, or until it is resumed
scheduler resume NAME|--all           go on with the next occurrence
scheduler rewind                      what ran while the clock was ahead goes on from now
scheduler trigger NAME                run now, beside the schedule
scheduler retry NAME [--occurrence]   let a failed run begin anew (default: the newest)
scheduler retry ID …|--failed [NAME]  many at once: those of `history`, or all that failed (--from --to)
scheduler backfill NAME --from --to   run occurrences of the past that never ran
scheduler cancel NAME [--backfill]    take back what was asked for and waits (--all: whatever waits)
scheduler set NAME --every 45s …      change cadence or policies (scheduler set --help shows them all)
scheduler next NAME [--count 5]       the coming occurrences
scheduler history NAME [--count 20]   the newest runs, and what was changed
scheduler explain NAME [--at TIME]    why it did or did not run at a time
scheduler audit [NAME] [--from --to]  what became of every occurrence that was asked for
scheduler compare NAME                the two variants of its parameters side by side
scheduler help                        this text

Add --json for programs. A running `qcluster` picks changes up within a second."""

# What looks up declared jobs; all else is of what the tables hold.
ASK_THE_DECLARED = ("setup", "backfill")


class Command(OperatorCommand):
    help = "Sets up, lists, changes and removes the schedules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", metavar="action", title="actions")

        def action(name: str, text: str) -> ArgumentParser:
            sub: ArgumentParser = actions.add_parser(
                name, help=text, description=text, formatter_class=parser.formatter_class
            )
            sub.add_argument("--json", action="store_true", help="one JSON document instead of a table")
            return sub

        def job_action(name: str, text: str) -> ArgumentParser:
            sub = action(name, text)
            sub.add_argument("name", help="a schedule's name")
            sub.add_argument("--by", default=user_name(), help="who does it (default: your user name)")
            return sub

        setup = action("setup", "set the schedules up for a mode")
        setup.add_argument(
            "names", nargs="*", default=[], metavar="mode", help="test or production (default: as they are)"
        )
        setup.add_argument("--reset", action="store_true", help="also what somebody set otherwise")
        action("list", "show every schedule")
        action("remove", "remove schedules").add_argument(
            "names", nargs="*", default=[], metavar="mode or name", help="which (default: all)"
        )
        add_pause_arguments(action("pause", "claim no more occurrences"))
        add_one_or_all(action("resume", "go on with the next occurrence"))
        rewind = action("rewind", "go on from now after the clock was ahead")
        rewind.add_argument("--by", default=user_name(), help="who does it (default: your user name)")
        job_action("trigger", "run now, beside the schedule")
        add_retry_arguments(action("retry", "let failed runs begin anew"))
        add_backfill_arguments(job_action("backfill", "run occurrences of the past that never ran"))
        add_cancel_arguments(job_action("cancel", "take back what was asked for and has not begun"))
        add_set_options(job_action("set", "change cadence or policies"))
        job_action("next", "the coming occurrences").add_argument("--count", type=count, default=5)
        job_action("history", "the newest runs and changes").add_argument("--count", type=count, default=20)
        job_action("explain", "why it did or did not run").add_argument(
            "--at", type=given, help="a time (default: now)"
        )
        job_action("compare", "the two variants side by side")
        add_audit_arguments(action("audit", "what became of every occurrence that was asked for"))
        action("help", "what can be done")

    def handle(self, *args: Any, action: str | None, **options: Any) -> None:
        if action == "setup" and options["names"][:1] == ["remove"]:
            action, options["names"] = "remove", options["names"][1:]
        actions: dict[str, Callable[..., None]] = {
            "setup": self._set_up,
            "list": self._list,
            "remove": self._remove,
            "pause": self._pause,
            "resume": self._resume,
            "rewind": self._rewind,
            "trigger": self._trigger,
            "retry": self._retry,
            "backfill": self._backfill,
            "cancel": self._cancel,
            "set": self._set,
            "next": self._next,
            "history": self._history,
            "explain": self._explain,
            "compare": self._compare,
            "audit": self._audit,
        }
        if action in ASK_THE_DECLARED and not options["skip_checks"]:
            self.check(tags=[DECLARED])
        try:
            perform: Callable[..., None] = actions.get(action or "help", self._help)
            with in_turn():
                perform(**options)
        except SchedulingError as exc:
            # It may repeat a note, or a name of somebody.
            raise CommandError(printable(str(exc)), returncode=WRONG_USAGE) from exc

    def _help(self, json: bool = False, **options: Any) -> None:
        self._show({"help": HELP}, HELP, json=json)

    def _set_up(self, names: list[str], reset: bool, **options: Any) -> None:
        if len(names) > 1:
            raise UnknownNameError(f"setup takes one mode of {', '.join(MODES)}, not {len(names)}.")
        mode = names[0] if names else self._mode_to_keep()
        changes = setting_up.set_up(mode, now=database_now(), by=user_name(), reset=reset)
        self._show_changes(changes, **options)

    def _mode_to_keep(self) -> str:
        mode, reason = setting_up.mode_to_keep()
        self.stderr.write(f"No mode is given: set up for {mode}, {reason}.")
        return mode

    def _remove(self, names: list[str], **options: Any) -> None:
        changes = setting_up.remove(names, now=database_now(), by=user_name())
        # Who removes one of many may mean a pause.
        come_back = sorted({declared.name for declared in declared_jobs()}.intersection(names))
        self._show_changes(changes, note=presentation.removed_text(come_back), **options)

    def _list(self, **options: Any) -> None:
        self._reply(readable(list_reply, tell=self.stderr.write), **options)

    def _pause(self, name: str | None, by: str, note: str, until: str | None, **options: Any) -> None:
        ends, now = parse_instant(until) if until else None, database_now()
        if name is None:
            self._show_names(pause_all(by=by, note=note, now=now, until=ends), "paused", **options)
            return
        changing.pause(name, by=by, note=note, now=now, until=ends)
        end = f" until {presentation.clock_time(ends)} (UTC)" if ends else ""
        self._show({"name": name, "paused": True}, f"{name} is paused{end}.", **options)

    def _resume(self, name: str | None, by: str, **options: Any) -> None:
        if name is None:
            self._show_names(resume_all(by=by, now=database_now()), "resumed", **options)
            return
        now = database_now()
        next_run = changing.resume(name, by=by, now=now)
        text = presentation.resumed_text(name, next_run, now=now)
        self._show(
            {"name": name, "paused": False, "next_run_at": presentation.iso(next_run)}, text, **options
        )

    def _show_names(self, names: Sequence[str], what: str, **options: Any) -> None:
        self._show({what: names}, f"{what}: {', '.join(names) or 'none'}", **options)

    def _rewind(self, by: str, **options: Any) -> None:
        self._show_names(rewind_all(by=by, now=database_now()), "rewound", **options)

    def _trigger(self, name: str, by: str, **options: Any) -> None:
        now = database_now()
        run = changing.trigger(name, by=by, now=now)
        self._show(presentation.run_document(run), presentation.trigger_text(run, now=now), **options)

    def _retry(self, **options: Any) -> None:
        self._reply(retry_reply(now=database_now(), **options), **options)

    def _backfill(self, name: str, by: str, start: str, end: str, **options: Any) -> None:
        first, last = parse_instant(start), parse_instant(end)
        runs = changing.backfill(name, start=first, end=last, by=by, now=database_now())
        document = [presentation.run_document(run) for run in runs]
        run = "runs" if len(runs) == 1 else "run one after the other"
        text = f"{counted(len(runs), 'occurrence')} of {name} {run} now."
        self._show(document, text, **options)

    def _cancel(self, name: str, by: str, backfill: bool, everything: bool, **options: Any) -> None:
        what = What.ALL if everything else What.BACKFILL if backfill else What.ASKED
        count = cancel(name, what=what, by=by, now=database_now())
        told = f"{counted(count, 'waiting run')} of {name} cancelled."
        self._show({"name": name, "cancelled": count}, told, **options)

    def _set(self, name: str, by: str, **options: Any) -> None:
        changed = changing.change(name, by=by, now=database_now(), **read_set_options(options))
        job = job_named(name)
        text = f"{name}: {journal_words(changed)}" if changed else f"{name} stays as it was."
        document = {
            "name": name,
            "changed": changed,
            "next_run_at": presentation.iso(selectors.next_run_of(job)),
        }
        self._show(document, f"{text}\n{presentation.next_text(job)}", **options)

    def _next(self, name: str, count: int, **options: Any) -> None:
        job = job_named(name)
        coming = coming_occurrences(job, count=count, now=database_now())
        text = "\n".join(f"{occurrence:%Y-%m-%d %H:%M:%S} UTC" for occurrence in coming)
        notes = explain(job, at=database_now(), now=database_now())[-1]
        self._show([presentation.iso(at) for at in coming], text or notes, **options)

    def _history(self, name: str, count: int, **options: Any) -> None:
        job = job_named(name)
        runs = list(Run.objects.filter(job=job).order_by("-occurrence")[:count])
        changes = list(job.changes.all()[:count])
        document = {
            "runs": [presentation.run_document(run) for run in runs],
            "changes": [
                {"at": presentation.iso(c.at), "by": c.by, "action": c.action, "detail": c.detail}
                for c in changes
            ],
        }
        cells = [presentation.run_cells(run) for run in runs]
        text = [table(presentation.RUN_HEADERS, cells), "", *map(presentation.change_text, changes)]
        self._show(document, "\n".join(text), **options)

    def _explain(self, name: str, at: str | None, **options: Any) -> None:
        now = database_now()
        asked = parse_instant(at) if at else now
        if asked.microsecond == 0:  # as people read it off the history, which shows whole seconds
            asked += timedelta(seconds=1, microseconds=-1)
        job = job_named(name)
        story = explain(job, at=asked, now=now)
        if at is None:
            story += hindrances(job, now=now)
        self._show(story, "\n".join(map(journal_words, story)), **options)

    def _compare(self, name: str, **options: Any) -> None:
        self._reply(comparison_reply(name), **options)

    def _audit(self, **options: Any) -> None:
        self._reply(audit_reply(now=database_now(), **options), **options)

    def _reply(self, reply: Reply, **options: Any) -> None:
        self._show(reply.document, reply.text, **options)
        if reply.problem:
            raise CommandError(reply.problem)

    def _show_changes(self, changes: Sequence[setting_up.Change], note: str = "", **options: Any) -> None:
        document = [
            {"name": c.name, "action": c.action, "cadence": c.detail or None, "halted": c.halted or None}
            for c in changes
        ]
        text = "Nothing to remove."
        if changes:
            rows = [(c.name, c.action, ", ".join(filter(None, (c.detail, c.halted)))) for c in changes]
            text = table(("name", "action", "cadence"), rows)
        self._show(document, "\n".join(filter(None, (text, note))), **options)

    def _show(self, document: Any, text: str, *, json: bool, **options: Any) -> None:
        self.stdout.write(_dumps(document) if json else printable(text, kept="\n"))


def _dumps(document: Any) -> str:
    return json.dumps(document, indent=2)
