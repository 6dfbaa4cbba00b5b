"""The state of everything, for pages that are not ours."""

from django import template

from scheduling.clock import database_now
from scheduling.monitoring.status import Status, current_status

register = template.Library()


@register.simple_tag
def whole_status() -> Status:
    return current_status(now=database_now())
