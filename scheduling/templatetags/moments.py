"""Times on pages: in words of the settings' zone, to which a script adds the viewer's."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def moment(instant: datetime | None, how: str = "") -> str:
    """`how` may be `countdown`, which counts down or up, or `beside`, with the viewer's time beside it."""
    if instant is None:
        return ""
    shown = timezone.localtime(instant)
    marked: SafeString = format_html(" data-{}", how) if how else SafeString("")
    return format_html(
        '<time datetime="{}"{}>{}</time>',
        shown.isoformat(timespec="seconds"),
        marked,
        f"{shown:%Y-%m-%d %H:%M:%S}",
    )
