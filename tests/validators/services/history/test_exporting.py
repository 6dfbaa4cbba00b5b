"""Writing history to a file."""

import gzip
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.installation import Installation
from tests.validators.histories import HEADER, file_of, line, text_of, varied
from tests.validators.replies import key
from tests.validators.rows import NOON, validator
from validators.models import ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def printed(*words: str) -> str:
    out = io.StringIO()
    call_command("export_epochs", *words, stdout=out)
    return out.getvalue()


def test_what_was_imported_is_exported_byte_for_byte(tmp_path: Path) -> None:
    lines = list(varied(epochs=5, accounts=40))
    call_command("import_epochs", file_of(tmp_path, *lines), stdout=io.StringIO())

    call_command("export_epochs", str(tmp_path / "out.csv"))
    call_command("export_epochs", str(tmp_path / "out.csv.gz"))

    assert (tmp_path / "out.csv").read_bytes() == text_of(lines).encode()
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == text_of(lines).encode()
    assert printed() == printed("-") == text_of(lines)


def test_the_order_of_import_means_nothing(tmp_path: Path) -> None:
    lines = list(varied(epochs=3, accounts=30))
    call_command("import_epochs", file_of(tmp_path, *reversed(lines)), stdout=io.StringIO())

    assert printed() == text_of(lines)


def test_without_history_there_is_the_header() -> None:
    assert printed() == f"{HEADER}\r\n"


def test_a_live_row_is_exported_with_what_is_known() -> None:
    ValidatorEpoch.objects.create(
        validator=validator(1, vote_account=key("vote 1")),
        epoch=990,
        credits=6_000_000,
        credits_unit="vote_credits",
        commission_last_bps=550,
        skip_rate=1 / 3,
        fetches=4,
        delinquent_fetches=1,
        fetched_at=NOON,
    )

    expected = f"990,{key('vote 1')},,,,6,,,unknown,4,1,6000000,,33.3333333333"
    assert printed().splitlines() == [HEADER, expected]


def lamports_row(number: int, epoch: int, **fields: Any) -> None:
    ValidatorEpoch.objects.create(
        validator=validator(number, vote_account=key(f"vote {number}")),
        epoch=epoch,
        **{"credits_unit": "lamports", "fetched_at": NOON} | fields,
    )


def test_lamports_and_the_blocks_of_whole_epochs_need_the_longer_header() -> None:
    """Blocks of a part of an epoch, or estimated ones, are left out: a file tells of what was counted."""
    lamports_row(1, 990, credits=6_000_000_000, cumulative_credits_at_start=5)
    counted = {"leader_slots": 8, "blocks_produced": 7}
    for number, basis in enumerate(("final", "partial", "schedule", "shared"), start=2):
        lamports_row(number, 990 + number, credits_unit="vote_credits", blocks_basis=basis, **counted)

    lines = printed().splitlines()

    assert lines[0] == f"{HEADER},credits_unit,leader_slots,blocks_produced"
    assert lines[1] == f"990,{key('vote 1')},,,,,,,unknown,0,0,6000000000,5,,lamports,,"
    assert [line.split(",")[-3:] for line in lines[2:]] == [
        ["vote_credits", "8", "7"],
        *[["vote_credits", "", ""]] * 3,
    ]


@pytest.mark.parametrize("basis", ["", "partial", "schedule", "shared"])
def test_what_the_usual_header_holds_is_written_with_that(basis: str) -> None:
    lamports_row(1, 990, credits_unit="vote_credits", credits=5, blocks_basis=basis, leader_slots=8)

    assert printed().splitlines() == [HEADER, f"990,{key('vote 1')},,,,,,,unknown,0,0,5,,"]


def test_a_longer_file_is_exported_byte_for_byte(tmp_path: Path) -> None:
    lines = [f"{HEADER},credits_unit,leader_slots,blocks_produced"]
    for number, (more, credits) in enumerate(
        (("lamports,8,7", 7_000_000_000), ("lamports,,", 5), ("vote_credits,0,0", 6_900_000))
    ):
        lines.append(f"{line(900 + number, credits=credits)},{more}")
    path = tmp_path / "long.csv"
    path.write_bytes("".join(f"{one}\r\n" for one in lines).encode())
    call_command("import_epochs", str(path), stdout=io.StringIO())

    assert printed() == path.read_bytes().decode()


def test_a_file_that_cannot_be_written_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Cannot write .*: No such file"):
        call_command("export_epochs", str(tmp_path / "nowhere" / "out.csv"))


def test_an_export_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking() -> object:
        yield "half a file"
        raise KeyboardInterrupt

    (tmp_path / "out.csv").write_text("the old one")
    monkeypatch.setattr("validators.management.commands.export_epochs.history_lines", breaking)

    with pytest.raises(KeyboardInterrupt):
        call_command("export_epochs", str(tmp_path / "out.csv"))

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.csv", "the old one")]


@pytest.mark.processes
def test_a_reader_that_has_seen_enough_is_no_error(stack: Installation, tmp_path: Path) -> None:
    stack.manage("import_epochs", str(file_of(tmp_path, *(line(900, name) for name in range(1_500)))))
    export = subprocess.Popen(
        [sys.executable, "manage.py", "export_epochs"],
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert export.stdout is not None
    assert export.stderr is not None

    assert export.stdout.readline() == f"{HEADER}\n"
    export.stdout.close()

    assert export.wait(30) == 141
    assert export.stderr.read() == ""
    export.stderr.close()
