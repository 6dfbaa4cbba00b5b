"""Small pictures of numbers as inline SVG; the same numbers stand beside them as text."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from validators.templatetags.units import UNKNOWN, fraction_percent

register = template.Library()

SPARK_WIDTH: Final = 64
SPARK_HEIGHT: Final = 18
# Scores that move less than this draw a line that is nearly flat, as they should.
LEAST_SPAN: Final = 2.0
# What moves less is a line under a number, and tells nothing.
LEAST_MOVE: Final = 0.5
_NOT_JUDGED: Final = (
    "not judged: no stake in the epoch before, or what it earned in the whole epoch, or its blocks of it, is "
    "not known"
)


@register.simple_tag
def sparkline(scores: Sequence[float]) -> SafeString | str:
    """The way that scores went, oldest first; nothing where they stayed."""
    if len(scores) < 2 or max(scores) - min(scores) < LEAST_MOVE:
        return ""
    middle, span = (max(scores) + min(scores)) / 2, max(LEAST_SPAN, max(scores) - min(scores))
    step = SPARK_WIDTH / (len(scores) - 1)
    points = " ".join(
        f"{number * step:.1f},{SPARK_HEIGHT / 2 - (score - middle) / span * (SPARK_HEIGHT - 4):.1f}"
        for number, score in enumerate(scores)
    )
    return format_html(
        '<svg class="spark" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" '
        'aria-label="Last {2} scores, from {3} to {4}"><polyline points="{5}"/></svg>',
        SPARK_WIDTH,
        SPARK_HEIGHT,
        len(scores),
        f"{scores[0]:.1f}",
        f"{scores[-1]:.1f}",
        points,
    )


@register.simple_tag
def bar(share: float | None) -> SafeString | str:
    """A share of a whole, 0 to 1, as a filled part of a line."""
    if share is None:
        return ""
    return format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="whole" width="100" height="8"/><rect class="part" width="{}" height="8"/></svg>',
        f"{min(1.0, max(0.0, share)) * 100:.2f}",
    )


@register.filter
def because(shown: str, reason: str) -> SafeString | str:
    """A dash gets the reason why there is no number, for a pointer and for a screen reader."""
    return _unknown(reason) if shown == UNKNOWN else shown


@register.filter
def judged(vote_performance: float | None) -> SafeString | str:
    """That of the last judged epoch in percent, or why there is none."""
    return because(fraction_percent(vote_performance), _NOT_JUDGED)


# A page says the same few hundreds of times. By their types too: words of templates are safe as they are.
@lru_cache(maxsize=256, typed=True)
def _unknown(reason: str) -> SafeString:
    return format_html(
        '<span class="unknown" title="{1}">{0}<span class="unseen"> ({1})</span></span>', UNKNOWN, reason
    )
