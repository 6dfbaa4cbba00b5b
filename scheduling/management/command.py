"""What the commands of operators have in common."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from scheduling.checks import DECLARED, INSTALLATION
from scheduling.monitoring.left_out import unreadable_behind

# The exit code for what cannot be asked so, as of a file that is not there; argparse has the same.
WRONG_USAGE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a command shows, as a document and as text; with a `problem` it says so too, and exits with 1."""

    document: Any
    text: str
    problem: str = ""


class OperatorCommand(BaseCommand):
    """A command that looks at the settings before it acts, and leaves the code to `manage.py check`.

    To check addresses and templates, every page and route is loaded: a quarter of a second each time.
    """

    requires_system_checks = [INSTALLATION]

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Whoever meets a row that cannot be read is told which, and what to do."""
        try:
            return super().execute(*args, **options)
        except CommandError:
            raise
        except Exception as exc:
            if unreadable := unreadable_behind(exc):
                raise CommandError(" ".join(one.problem for one in unreadable)) from exc
            raise


class WorkingCommand(OperatorCommand):
    """A command that calls what settings name by dotted paths, and looks first whether it is there."""

    requires_system_checks = [INSTALLATION, DECLARED]
