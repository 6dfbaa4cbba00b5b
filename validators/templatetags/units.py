"""Numbers as people read them. Unknown shows as a dash."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import template
from django.utils import timezone

register = template.Library()

LAMPORTS_PER_SOL: Final = 1_000_000_000
UNKNOWN: Final = "–"  # noqa: RUF001

_AGE_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


@register.filter
def sol(lamports: int | None) -> str:
    """Whole SOL, or what is less than one to three places."""
    if lamports is None:
        return UNKNOWN
    whole, rest = divmod(lamports, LAMPORTS_PER_SOL)
    return f"{whole:,}" if whole or not rest else f"{lamports / LAMPORTS_PER_SOL:.3f}"


@register.filter
def bps_percent(bps: int | None) -> str:
    """Basis points as percent: 750 is 7.5 %."""
    return UNKNOWN if bps is None else f"{bps / 100:g} %"


@register.filter
def fraction_percent(fraction: float | None) -> str:
    return UNKNOWN if fraction is None else f"{fraction * 100:.2f} %"


@register.filter
def component(components: Mapping[str, Any] | None, name: str) -> Any:
    """One part of a score, None when there is no score or no such part."""
    return components.get(name) if components else None


@register.filter
def two_places(number: float | None) -> str:
    return UNKNOWN if number is None else f"{number:.2f}"


@register.filter
def grouped(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


@register.filter
def age(instant: datetime) -> str:
    """How long ago, in one unit: 8 s, 3 min, 2 h, 5 d."""
    seconds = max(0, round((timezone.now() - instant).total_seconds()))
    for size, unit in _AGE_UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
