"""Tables that other apps add to what is monitored.

`settings.MONITOR_PANELS` names functions without arguments that give a `Panel`, or None when there is
nothing to show.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A small table: each row has as many texts as there are columns, the first of them is its name."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def panels() -> list[Panel]:
    """Of all apps, in the order of the setting."""
    makers: list[Callable[[], Panel | None]] = [import_string(path) for path in settings.MONITOR_PANELS]
    return [panel for maker in makers if (panel := maker()) is not None]
