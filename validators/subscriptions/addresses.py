"""Where events may be sent: to anybody in the internet over https, and into networks that the operator names.

A token's holder must not have this host talk to what only this host can reach.
"""

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from scheduling.exceptions import UnreachableError
from scheduling.outgoing import is_private_enough
from scheduling.public_addresses import NotPublicError, networks, public_addresses

HTTPS_ONLY: Final = "Write it as https://…: over http others read, and change, what is sent."
NOT_PUBLIC: Final = "That is no public address. Its operator may allow networks: SUBSCRIPTION_NETWORKS."


def resolve(host: str, port: int) -> Sequence[str]:
    """Where a name leads, if that is allowed; asked anew for each connection."""
    return public_addresses(host, port, ours=networks(settings.SUBSCRIPTION_NETWORKS))


def problem_of(url: str) -> str:
    """Why nothing can be sent there, as far as that is seen without asking anybody; empty when nothing is."""
    try:
        address = urlsplit(url)
        host, port = address.hostname or "", address.port
    except ValueError:
        return "That is no address."
    if not is_private_enough(url):
        return HTTPS_ONLY
    if address.username is not None or address.password is not None:
        return "Leave the user and the password out: who reads the address would read them."
    if any(not character.isprintable() or character.isspace() for character in url):
        return "An address has neither spaces nor control characters."
    return "" if _is_name(host) or _is_allowed(host, port or 443) else NOT_PUBLIC


def _is_name(host: str) -> bool:
    """Whether it has to be looked up, which takes as long as it takes."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host != "localhost"
    return False


def _is_allowed(host: str, port: int) -> bool:
    try:
        resolve(host, port)
    except NotPublicError:
        return False
    except UnreachableError:
        return True
    return True
