"""Every address there is, found by walking the resolver, so that a new one is asked for as well."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern):
            yield route


def addresses() -> list[str]:
    """One of each route; what they ask for need not be there."""
    found = {re.sub(r"<[^>]+>|\(\?P.*\)", "1", route) for route in routes(get_resolver())}
    return sorted(f"/{one}" for one in found)
