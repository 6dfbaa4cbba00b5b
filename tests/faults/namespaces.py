"""Hosts that are network namespaces: each with an address, and a cable that can be pulled.

servers 10.213.0.1 --+-- a 10.213.0.2
  (and the switch)   +-- b 10.213.0.3
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_CLONE_NEWNET = 0x4000_0000
NETWORK = "10.213.0"
SERVERS_ADDRESS = f"{NETWORK}.1"


class NoNamespacesError(Exception):
    """This machine lets nobody make network namespaces; the message says what failed."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """The namespaces of the servers and, by name, of the hosts."""

    servers: str
    by_name: dict[str, str]

    def command_prefix(self, name: str) -> tuple[str, ...]:
        """What a command line begins with to run on a host."""
        return ("ip", "netns", "exec", self.by_name[name])

    def pull_cable(self, name: str) -> None:
        _ip("-n", self.servers, "link", "set", f"to-{name}", "down")

    def plug_cable(self, name: str) -> None:
        _ip("-n", self.servers, "link", "set", f"to-{name}", "up")

    def enter_servers(self) -> None:
        """Move this process, and what it starts from now on, to where the servers are."""
        with open(f"/run/netns/{self.servers}") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                raise NoNamespacesError(os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def hosts(names: Sequence[str]) -> Iterator[Hosts]:
    """Hosts of these names and a place for the servers; raises `NoNamespacesError` where that cannot be."""
    if shutil.which("ip") is None:
        raise NoNamespacesError("there is no `ip`; Debian's package is iproute2")
    tag = uuid.uuid4().hex[:6]
    made = Hosts(f"servers-{tag}", {name: f"{name}-{tag}" for name in names})
    try:
        _make_servers(made.servers)
        for number, (name, namespace) in enumerate(made.by_name.items()):
            _make_host(name, namespace, servers=made.servers, address=f"{NETWORK}.{number + 2}")
        yield made
    finally:
        for namespace in (made.servers, *made.by_name.values()):
            with contextlib.suppress(NoNamespacesError):
                _ip("netns", "delete", namespace)


def _make_servers(namespace: str) -> None:
    _ip("netns", "add", namespace)
    _ip("-n", namespace, "link", "set", "lo", "up")
    _ip("-n", namespace, "link", "add", "switch", "type", "bridge")
    _ip("-n", namespace, "addr", "add", f"{SERVERS_ADDRESS}/24", "dev", "switch")
    _ip("-n", namespace, "link", "set", "switch", "up")


def _make_host(name: str, namespace: str, *, servers: str, address: str) -> None:
    _ip("netns", "add", namespace)
    _ip("-n", namespace, "link", "set", "lo", "up")
    _ip("-n", servers, "link", "add", f"to-{name}", "type", "veth", "peer", "eth0", "netns", namespace)
    _ip("-n", servers, "link", "set", f"to-{name}", "master", "switch", "up")
    _ip("-n", namespace, "addr", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", namespace, "link", "set", "eth0", "up")


def _ip(*words: str) -> None:
    result = subprocess.run(["ip", *words], capture_output=True, text=True)
    if result.returncode != 0:
        raise NoNamespacesError(f"`ip {' '.join(words)}`: {result.stderr.strip()}")
