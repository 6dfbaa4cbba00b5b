"""Which addresses are the API's, also where somebody wrote one wrongly."""

import posixpath
from collections.abc import Iterator
from typing import Final

from django.urls import Resolver404, resolve

# Of an address that is told back.
LONGEST_TOLD: Final = 200


def is_of_api(path: str) -> bool:
    """Whether it begins with /api, in whatever case and behind however many slashes."""
    return path.lstrip("/").partition("/")[0].lower() == "api"


def address_meant(path: str) -> str | None:
    """The address that there is, where this one has other case or slashes, or leaves the version out."""
    there_are = (one for one in _tidied(path) if one != path and _is_there(one))
    return next(there_are, None) if len(path) <= LONGEST_TOLD else None


def _tidied(path: str) -> Iterator[str]:
    words = posixpath.normpath(path).strip("/").split("/")
    lowered = [word.lower() for word in words]
    # Keys and names tell case apart, so that of what follows is kept where it can be.
    yield "/" + "/".join((*lowered[:2], *words[2:]))
    yield "/" + "/".join(lowered)
    yield "/" + "/".join((lowered[0], "v1", *words[1:]))


def _is_there(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return is_of_api(path)
