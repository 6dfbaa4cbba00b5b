"""Whether the database of networks can be read, and how old it is."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from scheduling.monitoring.alerts import Trouble
from scheduling.monitoring.panels import Panel
from scheduling.wording import counted
from validators.models import NetworkDatabase

# Addresses change hands; whoever makes such a file makes another within a month.
OLD_AFTER: Final = timedelta(days=90)


def unreadable_networks(*, now: datetime) -> str:
    """Say why the files of ASN_DATABASE could not be read when that was tried last."""
    known = NetworkDatabase.objects.first()
    if known is None or not known.problem:
        return ""
    meanwhile = "Networks stay as they were" if known.mark else "Networks are told by prefix alone"
    return f"{known.problem.removesuffix('.')}. {meanwhile} until then."


def networks_alert(*, now: datetime) -> list[Trouble]:
    """The files cannot be read, or one of them is old."""
    problem = unreadable_networks(now=now)
    if problem:
        return [Trouble(subject="ASN_DATABASE", message=problem)]
    return [
        Trouble(
            subject=name,
            message=f"The database of networks {name} is of {made_at:%Y-%m-%d}: older than "
            f"{OLD_AFTER.days} days. Bring a newer one; docs/operations.md says how.",
        )
        for name, made_at in _made()
        if now - made_at > OLD_AFTER
    ]


def networks_panel() -> Panel | None:
    """Each file with its age, for staff; None without any."""
    known = NetworkDatabase.objects.first()
    if known is None or not (known.files or known.problem):
        return None
    ages = dict(_made())
    rows = [
        (
            one["name"],
            one["says"],
            f"{ages[one['name']]:%Y-%m-%d}" if one["name"] in ages else "unknown",
            _age(timezone.now() - ages[one["name"]]) if one["name"] in ages else "unknown",
            known.problem,
        )
        for one in known.files
    ]
    columns = ("database of networks", "kind", "of", "age", "problem")
    return Panel(title="networks", columns=columns, rows=rows or [("none", "", "", "", known.problem)])


def _age(age: timedelta) -> str:
    """In days, of what is made once a month: a page that is looked at again is the same page meanwhile."""
    return counted(age.days, "day") if age.days > 0 else "under a day"


def _made() -> list[tuple[str, datetime]]:
    known = NetworkDatabase.objects.first()
    files = known.files if known else []
    return [(one["name"], datetime.fromisoformat(one["made_at"])) for one in files if one["made_at"]]
