"""Numbers as people read them. Unknown shows as a dash."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django import forms, template
from django.utils import timezone

from validators import figures

register = template.Library()

LAMPORTS_PER_SOL: Final = 1_000_000_000
UNKNOWN: Final = "–"  # noqa: RUF001

MOST_SHOWN: Final = 100
# In lamports: a thousandth of a SOL.
LEAST_SHOWN: Final = 1_000_000
# A hundredth of a percent.
LEAST_PERCENT: Final = 0.0001

# Of what may be a hundred rows of each kind, so many stand on a page.
NEWEST_LISTED: Final = 20

_AGE_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


@register.filter
def newest(rows: Sequence[Any]) -> Sequence[Any]:
    """Those that a page lists, of rows with the newest first."""
    return rows[:NEWEST_LISTED]


@register.filter
def not_listed(rows: Sequence[Any]) -> int:
    """How many it has beside those."""
    return len(rows[NEWEST_LISTED:])


@register.filter(is_safe=True)
def or_none(rendered: str) -> str:
    """For `{% filter %}` around what may come to nothing: a cell says so in a word."""
    return rendered if rendered.strip() else "none"


@register.filter
def sol(lamports: int | None) -> str:
    """Whole SOL, or what is less than one to three places, never more than there is; what is not nothing is
    never shown as it."""
    if lamports is None:
        return UNKNOWN
    if 0 < lamports < LEAST_SHOWN:
        return "under 0.001"
    whole, rest = divmod(lamports, LAMPORTS_PER_SOL)
    return figures.grouped(whole) if whole or not rest else sol_of_account(lamports)


@register.filter
def sol_of_account(lamports: int) -> str:
    """To three places, never more than there is: tickets of less than a SOL are paid from it."""
    return figures.decimal(lamports // LEAST_SHOWN / 1_000, 3)


@register.filter
def bps_percent(bps: int | None) -> str:
    return UNKNOWN if bps is None else figures.bps_percent(bps)


@register.filter
def fraction_percent(fraction: float | None) -> str:
    """To two places; what is not nothing is never shown as it, nor as all what is not all.

    A hundred times over is as far as it goes: a simulated cluster with quick epochs pays any APY.
    """
    if fraction is None:
        return UNKNOWN
    if 0 < fraction < LEAST_PERCENT / 2:
        return f"under {figures.percent(LEAST_PERCENT)}"
    if 1 - LEAST_PERCENT / 2 <= fraction < 1:
        return f"over {figures.percent(1 - LEAST_PERCENT)}"
    most = f"over {figures.grouped(MOST_SHOWN * 100)} %"
    return figures.percent(fraction) if fraction < MOST_SHOWN else most


@register.filter
def two_places(number: float | None) -> str:
    return UNKNOWN if number is None else _with_minus(figures.decimal(number, 2))


@register.filter
def grouped(number: int | None) -> str:
    return UNKNOWN if number is None else figures.grouped(number)


@register.filter
def age(instant: datetime) -> str:
    """How long ago, in one unit: 8 s, 3 min, 2 h, 5 d."""
    seconds = max(0, round((timezone.now() - instant).total_seconds()))
    for size, unit in _AGE_UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@register.filter
def small_percent(fraction: float | None) -> str:
    """Of what one epoch pays, which is hundredths of a percent."""
    return UNKNOWN if fraction is None else figures.percent(fraction, 4)


@register.filter
def about_sol(lamports: int | None) -> str:
    """To two places; a hundred times a hundred SOL is as far as it goes, and None is beyond any number."""
    most = MOST_SHOWN * 100
    if lamports is None or lamports >= most * LAMPORTS_PER_SOL:
        return f"over {figures.grouped(most)}"
    return figures.decimal(lamports / LAMPORTS_PER_SOL, 2)


@register.filter
def signed(points: float) -> str:
    return _with_minus(figures.signed(points))


@register.filter
def places(difference: int | None) -> str:
    """So many ranks up or down."""
    return UNKNOWN if difference is None else _with_minus(f"{difference:+,}") if difference else "0"


def _with_minus(text: str) -> str:
    """As it is set in print; a hyphen may end a line."""
    return text.replace("-", "\N{MINUS SIGN}")


@register.filter
def words(name: str) -> str:
    """A name of the code's as people write it."""
    return name.replace("_", " ")


@register.filter
def pick(rows: Iterable[Any], attribute: str) -> list[Any]:
    return [getattr(row, attribute) for row in rows]


@register.filter
def is_web_address(text: str) -> bool:
    """Whether a link to it only ever opens a page, of the host that one reads in it.

    A javascript: address would run; `https://bank.example@evil.example/` is not of the bank.
    """
    try:
        address = urlsplit(text)
    except ValueError:
        return False
    return address.scheme in ("https", "http") and bool(address.hostname) and "@" not in address.netloc


@register.filter
def measured(number: float | None) -> str:
    """Whole numbers of what is large, six digits of what is small, and never an exponent."""
    if number is None:
        return UNKNOWN
    if 0 < number < 0.001:
        return figures.decimal(number, 9)
    return figures.decimal(number, 0) if number >= 1_000 else f"{number:.6g}"


@register.filter
def left_out(form: forms.BaseForm) -> list[str]:
    """The labels of the fields that make no sense, which narrow nothing."""
    return [str(field.label) for field in form if field.errors]
