"""The systemd units in the documentation lock the services in."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults.test_operations_guide import UNITS, unit

LOCKED = {
    "UMask": "0077",
    "StateDirectoryMode": "0700",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectProc": "invisible",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
} | dict.fromkeys(
    (
        *("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectClock"),
        *("ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules"),
        *("ProtectKernelTunables", "LockPersonality", "RestrictNamespaces", "RestrictRealtime"),
        "RestrictSUIDSGID",
    ),
    "yes",
)
# Of `systemd-analyze security`: 10 is open to everything.
MOST_EXPOSED = 2.5


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_locked_in(path: Path) -> None:
    service = dict(unit(path)["Service"])

    assert service.items() >= LOCKED.items()
    assert service["User"] == service["StateDirectory"] == "staking"
    assert "MemoryMax" in service


def can_analyze() -> bool:
    """Older ones look at running units alone."""
    if not shutil.which("systemd-analyze"):
        return False
    told = subprocess.run(["systemd-analyze", "--help"], capture_output=True, text=True)
    return "--offline" in told.stdout


if can_analyze():  # elsewhere the list above has to do

    @pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
    def test_systemd_finds_little_exposed(path: Path) -> None:
        threshold = str(int(MOST_EXPOSED * 10))
        words = ["systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", str(path)]
        result = subprocess.run(words, capture_output=True, text=True)

        assert result.returncode == 0, result.stdout


def test_there_are_units() -> None:
    assert [path.name for path in UNITS] == ["staking-qcluster.service", "staking-web.service"]
