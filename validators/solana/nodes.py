"""getClusterNodes: what each node says it runs, and where."""

from collections.abc import Iterator
from dataclasses import dataclass as plain_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

import msgspec
from pydantic import ConfigDict, Field, WrapValidator
from pydantic.dataclasses import dataclass

from validators.solana.node_addresses import address_in
from validators.solana.pubkey import is_pubkey
from validators.solana.quick_reading import plain_answer
from validators.solana.records import Records, Rejected, or_reason, sorted_out
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Key, Reply
from validators.solana.text import LONGEST_VERSION, plain_text
from validators.solana.versions import Version, client_of, parse_version

METHOD = "getClusterNodes"
# A node in gossip whose version did not come along yet.
UNKNOWN_VERSION: Final = "unknown"


@dataclass(frozen=True, slots=True, config=ConfigDict(strict=True))
class ContactInfo:
    """One item of getClusterNodes, what we use of it."""

    pubkey: Key
    version: str | None = None
    client_id: int | str | None = Field(default=None, validation_alias="clientId")
    # Where it listens. A node may write anything, and a bad address is no reason to know nothing of it.
    gossip: Any = None
    tvu: Any = None
    tpu: Any = None
    tpu_quic: Any = Field(default=None, validation_alias="tpuQuic")


if TYPE_CHECKING:
    _Contact = ContactInfo | str
else:
    _Contact = Annotated[ContactInfo, WrapValidator(or_reason)]


class _PlainContact(msgspec.Struct, rename="camel", gc=False):
    """The same where every address is text, or none."""

    pubkey: str
    version: str | None = None
    client_id: int | str | None = None
    gossip: str | None = None
    tvu: str | None = None
    tpu: str | None = None
    tpu_quic: str | None = None


class _Answer(msgspec.Struct, gc=False):
    """Any other than that of a plain success is for pydantic."""

    id: int
    result: list[_PlainContact]
    error: None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)


class NodesReply(Reply[list[_Contact]]):
    """The whole of it; what the quick reader hesitates at pydantic reads, as of votes."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Raises a ValidationError."""
        answer = plain_answer(_ANSWER, body)
        if answer is None or not all(is_pubkey(contact.pubkey) for contact in answer.result):
            return super().read(body)
        return cls.model_construct(id=answer.id, result=answer.result)


@plain_dataclass(frozen=True, slots=True)
class Node:
    """What a node runs: its own words for the version, and our name of the client; empty are unknown ones.

    And where: an address of the internet, empty where that is unknown.
    """

    identity: str
    version: str
    client: str
    address: str


def ask_nodes(endpoint: Endpoint) -> Records[Node]:
    """Each node once. Raises an EndpointError."""
    found = sorted_out(endpoint, METHOD, _judged(endpoint.call(METHOD, [], NodesReply)))
    newest: dict[str, Node] = {}
    for node in found.good:
        known = newest.get(node.identity)
        if known is None or _rank(node) > _rank(known):
            newest[node.identity] = node
    return Records(found.endpoint, tuple(newest.values()), found.rejected)


def _judged(contacts: list[Any]) -> Iterator[Node | Rejected]:
    # Thousands of nodes say a few dozen things.
    read: dict[tuple[str | None, int | str | None], tuple[str, str]] = {}
    for place, contact in enumerate(contacts):
        if isinstance(contact, str):
            yield Rejected(f"record {place}", contact)
        else:
            said = (contact.version, contact.client_id)
            if said not in read:
                read[said] = _read(*said)
            yield Node(contact.pubkey, *read[said], _address(contact))


def _read(said: str | None, client_id: int | str | None) -> tuple[str, str]:
    """Its version and our name of the client."""
    version = plain_text(said, longest=LONGEST_VERSION)
    if version == UNKNOWN_VERSION:
        version = ""
    return version, client_of(parse_version(version), client_id).value


def _address(contact: ContactInfo | _PlainContact) -> str:
    """Where it is in gossip; of a node that does not say so, where it takes blocks or transactions."""
    sockets = (contact.gossip, contact.tvu, contact.tpu, contact.tpu_quic)
    return next(filter(None, map(address_in, sockets)), "")


def _rank(node: Node) -> tuple[bool, Version | tuple[()], str, str, str]:
    """A node that appears twice runs the newer one: the older is a contact that has not expired yet."""
    version = parse_version(node.version)
    return version is not None, version or (), node.version, node.client, node.address
