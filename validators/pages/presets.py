"""What many want of the list of validators: links that set some of its filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from validators.reading.flags import FlagCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A link that sets filters, or takes them off where they are in force."""

    label: str
    query: str
    in_force: bool


# The score foresees votes; who ever took more than half, if only for an epoch, is left out too.
_RELIABLE: Final = {
    "voting": "yes",
    "min_score": "90",
    "flagged": "no",
    "flag": FlagCode.COMMISSION_ABOVE_HALF.value,
}
_CHEAP: Final = {"max_commission_percent": "5"}
_OUTSIDE: Final = {"superminority": "no"}
# What many want, and which filters that is.
_PRESETS: Final[Sequence[tuple[str, Mapping[str, str]]]] = (
    ("Reliable, up to 5 %, outside the superminority", {**_RELIABLE, **_CHEAP, **_OUTSIDE}),
    ("Reliable: votes, score from 90, never above 50 %", _RELIABLE),
    ("Commission up to 5 %", _CHEAP),
    ("Outside the superminority", _OUTSIDE),
    ("Watched", {"watched": "yes"}),
)


def presets(given: QueryDict) -> list[Preset]:
    """Each beside what the address asks for already."""
    return [_preset(given, label, filters) for label, filters in _PRESETS]


def _preset(given: QueryDict, label: str, filters: Mapping[str, str]) -> Preset:
    asked = given.copy()
    asked.pop("page", None)
    in_force = all(asked.get(name) == value for name, value in filters.items())
    for name, value in filters.items():
        asked[name] = value
        if in_force:
            del asked[name]
    return Preset(label=label, query=asked.urlencode(), in_force=in_force)
