"""What an endpoint is called, so that no key in its address is ever shown."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

# Parts of a path that providers use for everybody; any other part may be a key.
PUBLIC_PATH_PARTS: Final = frozenset(
    {
        *("", "api", "api-key", "native", "node", "rpc", "json-rpc", "v1", "v2", "v3"),
        *("solana", "mainnet", "mainnet-beta", "testnet", "devnet"),
    }
)
MASK: Final = "***"
LONGEST_NAME: Final = 40
# Characters of what could be a key; anything shorter stands in ordinary words.
SHORTEST_KEY: Final = 4
# Of so many it is masked within others, too.
SURELY_NO_WORD: Final = 12
# What one that is not in the settings is called.
OTHER: Final = "another endpoint"
_ANY_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s,;]+", re.IGNORECASE)
# A URL's own "=" comes after its colon.
_NAMED: Final = re.compile(rf"([A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}})=(.+)", re.DOTALL)


class Address(NamedTuple):
    """Where an endpoint is, and what its owner calls it; empty when they did not say."""

    name: str
    url: str


def parsed_address(text: str) -> Address:
    """Of `https://…` or `name=https://…`."""
    named = _NAMED.fullmatch(text.strip())
    return Address(named[1], named[2].strip()) if named else Address("", text.strip())


def masked(address: str) -> str:
    """Its name; without one its URL less what could be a key: user, password, query, unusual path parts."""
    name, url = parsed_address(address)
    if name:
        return name
    parts = urlsplit(url)
    if _is_broken_off(parts):
        return f"{parts.scheme}://{MASK}"
    _, at, host = parts.netloc.rpartition("@")
    netloc = f"{MASK}@{host}" if at else host
    path = "/".join(part if part in PUBLIC_PATH_PARTS else MASK for part in parts.path.split("/"))
    pairs = (pair.partition("=") for pair in parts.query.split("&"))
    query = "&".join(f"{key}={MASK}" if equals else MASK for key, equals, _ in pairs)
    return urlunsplit((parts.scheme, netloc, path, query if parts.query else "", ""))


def _is_broken_off(parts: SplitResult) -> bool:
    """Whether the host's place has a user and the beginning of a password, which a "/" or "?" ended."""
    try:
        parts.port  # noqa: B018
    except ValueError:
        return True
    return "@" not in parts.netloc and "@" in parts.path + parts.query + parts.fragment


def without_keys(text: str, address: str) -> str:
    """A text of somebody's who was asked at that address, less what could be a key in it.

    Some say the address that they were asked at, or the key that they do not know.
    """
    parts = urlsplit(parsed_address(address).url)
    keys = {parts.username, parts.password, *parts.path.split("/"), *_values(parts.query)}
    told = {one for key in keys if key for one in (key, unquote(key))}
    for key in sorted(told - PUBLIC_PATH_PARTS, key=len, reverse=True):
        if len(key) >= SHORTEST_KEY:
            is_short = len(key) < SURELY_NO_WORD
            found = rf"(?<!\w){re.escape(key)}(?!\w)" if is_short else re.escape(key)
            text = re.sub(found, MASK, text)
    return text


def _values(query: str) -> list[str]:
    return [value if equals else name for name, equals, value in (p.partition("=") for p in query.split("&"))]


def tallied_as(name: str) -> str:
    """An endpoint's name as its requests are counted: of a masked URL the host and port alone."""
    return urlsplit(name).netloc.rpartition("@")[2] or name


def told_apart(addresses: Sequence[str]) -> list[str]:
    """The same, with a name for each that another before it would be taken for: its number.

    Of two at one host the keys, which are never shown or stored, may be all that differs.
    """
    known: set[str] = set()
    apart = []
    for number, address in enumerate(addresses, start=1):
        counted = _counted_as(address)
        apart.append(f"endpoint-{number}={address}" if counted in known else address)
        known.add(counted or address)
    return apart


def _counted_as(address: str) -> str:
    """Empty for what is no address, which `check` names."""
    try:
        return tallied_as(masked(address))
    except ValueError:
        return ""


def public_names(addresses: Sequence[str]) -> dict[str, str]:
    """By what is stored of each, masked or as its requests are counted: its name, else its number.

    Whoever pays for an endpoint need not tell everybody at whose house, and in some the host is the key.
    """
    names: dict[str, str] = {}
    for number, address in enumerate(addresses, start=1):
        stored = masked(address)
        public = parsed_address(address).name or f"endpoint {number}"
        names.setdefault(stored, public)
        names.setdefault(tallied_as(stored), public)
    return names


def publicly(text: str, names: dict[str, str]) -> str:
    """A text of ours with the public names of the endpoints that it names, and no address at all."""
    for stored in sorted(names, key=len, reverse=True):
        if "://" in stored:
            text = text.replace(stored, names[stored])
    return _ANY_URL.sub(OTHER, text)


def public_tally_name(counted: str, names: dict[str, str]) -> str:
    """Of one that is not in the settings any more: its name, unless it may be a host."""
    return names.get(counted) or (OTHER if re.search(r"[.:]", counted) else counted)
