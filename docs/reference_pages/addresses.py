"""The addresses of the site, from what Django routes."""

import re
from collections.abc import Iterator
from inspect import getdoc, unwrap
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

from docs.reference_pages.tables import code, page, table

# What others make and describe themselves: Django's admin; the operations of the API.
LEFT_OUT: Final = ("admin/", "api/v1")
# A name that django-ninja needs, and no page.
NOT_THERE: Final = "api-root"
# Views of django-ninja's, which say nothing of themselves.
SAID: Final = {
    "/api/docs": "The API described, to be tried.",
    "/api/openapi.json": "The API described for programs.",
}


def addresses() -> dict[str, str]:
    """Address, as a reader would write it, and what is there."""
    return dict(sorted(_below(get_resolver("staking_project.urls"), "")))


def addresses_page() -> str:
    return page(
        "Addresses",
        "What the web server answers beside the [API](api.md) and Django's admin at `/admin/`. "
        "`/operations/` and what is below it is for staff; what changes something takes POST.",
        table(("address", "what is there"), [(code(path), about) for path, about in addresses().items()]),
    )


def _below(resolver: URLResolver, before: str) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if route.startswith(LEFT_OUT):
            continue
        if isinstance(entry, URLResolver):
            yield from _below(entry, route)
        elif isinstance(entry, URLPattern) and entry.name != NOT_THERE:
            path, called = _readable(route), (entry.name or "").replace("_", " ").capitalize()
            yield path, SAID.get(path) or _sentence(entry.callback) or f"{called}."


def _readable(route: str) -> str:
    named = re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route))
    return "/" + named.replace("^", "").replace("$", "").replace("\\.", ".")


def _sentence(view: Any) -> str:
    return (getdoc(unwrap(view)) or "").split("\n\n")[0]
