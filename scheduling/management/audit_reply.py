"""What `scheduler audit` shows."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from scheduling.ledger.audit.auditing import JobAudit, audit
from scheduling.ledger.audit.judging import Finding, Verdict
from scheduling.ledger.presentation import clock_time, iso
from scheduling.management.command import Reply
from scheduling.management.tables import table
from scheduling.timing.instants import parse_instant
from scheduling.wording import counted, were

WINDOW = timedelta(days=1)
# Lines of a job; those that break a promise come first, and `--json` has all.
MOST_LISTED = 20
_WORTH_A_LINE = (Verdict.MISSED, Verdict.DOUBLED, Verdict.LATE, Verdict.WAITED, Verdict.SKIPPED)


def audit_reply(
    *, name: str | None, start: str | None, end: str | None, now: datetime, **options: Any
) -> Reply:
    """The reply to `scheduler audit`, a problem where an occurrence breaks a promise.

    Raises a `SchedulingError` that names the wrong argument.
    """
    until = parse_instant(end) if end else now
    since = parse_instant(start) if start else until - WINDOW
    audits = list(audit(name, start=since, end=until, now=now))
    broken = sum(len(one.broken) for one in audits)
    return Reply(
        document=[_document(one) for one in audits],
        text="\n".join([_counts(audits), *(line for one in audits for line in _lines(one))]),
        problem=f"{counted(broken, 'occurrence')} {were(broken)} missed or doubled." if broken else "",
    )


def _document(audited: JobAudit) -> dict[str, Any]:
    return {
        "name": audited.name,
        "from": iso(audited.start),
        "to": iso(audited.end),
        "counts": {verdict.value: audited.counts[verdict] for verdict in Verdict},
        "occurrences": [
            asdict(finding) | {"occurrence": iso(finding.occurrence)} for finding in audited.findings
        ],
    }


def _counts(audits: Sequence[JobAudit]) -> str:
    if not audits:
        return "No schedules. `scheduler setup` makes them."
    cells = [(one.name, len(one.findings), *(one.counts[verdict] for verdict in Verdict)) for one in audits]
    return table(("name", "occurrences", *(verdict.value for verdict in Verdict)), cells)


def _lines(audited: JobAudit) -> list[str]:
    worth = [finding for finding in audited.findings if finding.verdict in _WORTH_A_LINE]
    worth.sort(key=lambda finding: _WORTH_A_LINE.index(finding.verdict))
    shown = [_line(audited.name, finding) for finding in worth[:MOST_LISTED]]
    left = len(worth) - len(shown)
    return [*shown, *([f"{audited.name}: {left} more; --json shows all."] if left else [])]


def _line(name: str, finding: Finding) -> str:
    fraction = f"{finding.occurrence:.%f}".rstrip("0").rstrip(".")
    return f"{name} {clock_time(finding.occurrence)}{fraction}Z: {finding.verdict.value}: {finding.why}"
