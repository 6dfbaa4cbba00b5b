"""What nodes run: which program in which version."""

from validators.simulator import draws

# Version, client id as newer nodes report it, and the share of nodes in percent.
_VERSIONS = (
    ("4.2.1", "JitoLabs", 38),
    ("4.1.2", "JitoLabs", 10),
    ("4.2.1", "Agave", 12),
    ("4.2.0-rc.1", "Agave", 2),
    ("3.1.9", "Agave", 3),
    ("0.1105.40200", "Frankendancer", 20),
    ("0.1002.40100", "Frankendancer", 5),
    ("1.1.4", "Firedancer", 6),
    ("26.8.0", None, 2),
    ("unknown", None, 1),
    (None, None, 1),
)
NEWEST_VERSION = _VERSIONS[0][0]
# Those whose blocks take no tips, however they are set up.
_WITHOUT_TIPS = "Agave"


# What whoever follows Agave's releases installs next.
_PATCHES = {"4.2.1": "4.2.2", "4.1.2": "4.2.2", "4.2.0-rc.1": "4.2.2", "3.1.9": "3.1.10"}


def patched(version: str | None) -> str | None:
    """What a node of that version runs after it was stopped for a patch release, if there is one."""
    return None if version is None else _PATCHES.get(version, version)


def software_of(identity: str) -> tuple[str | None, str | None]:
    """Version and client id as the node says them; None where it does not."""
    percentile = draws.number(identity, "version") % 100
    for version, client, share in _VERSIONS:
        if percentile < share:
            return version, client
        percentile -= share
    raise ValueError("The shares of versions do not add up to 100 %")


def takes_tips(identity: str) -> bool:
    return software_of(identity)[1] != _WITHOUT_TIPS
