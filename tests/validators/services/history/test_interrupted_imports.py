"""Loading history from a file: an import that breaks off is finished by another one."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.test import Client

from tests.installation import Installation, wait_until
from tests.validators.histories import file_of, text_of, varied
from tests.validators.rows import NOON
from tests.validators.services.history.loading import load
from validators.management.commands import import_epochs
from validators.models import ClusterEpoch, ValidatorEpoch
from validators.services.history import importing

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_import_keeps_its_batches_and_another_one_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 50)
    path = file_of(tmp_path, *varied(epochs=10, accounts=20))
    stop = _stopping_after(2)

    with pytest.raises(KeyboardInterrupt):
        importing.import_history(path, imported_at=NOON, on_rejected=print, on_progress=stop)
    assert ValidatorEpoch.objects.count() == 100

    result = load(path)
    assert (result["added"], result["unchanged"]) == (100, 100)
    assert ClusterEpoch.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_who_interrupts_an_import_is_told_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 50)
    stop = _stopping_after(2)
    monkeypatch.setattr(import_epochs.Command, "_show_progress", lambda self, file: stop(file))
    path = file_of(tmp_path, *varied(epochs=10, accounts=20))

    with pytest.raises(
        CommandError, match=r"^Stopped before the end\. The lines before are stored;"
    ) as caught:
        load(path)

    assert caught.value.returncode == 130
    assert ValidatorEpoch.objects.count() == 100


def test_an_import_that_only_finishes_another_one_makes_readers_ask_again(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 50)
    path = file_of(tmp_path, *varied(epochs=10, accounts=20))
    with pytest.raises(KeyboardInterrupt):
        importing.import_history(path, imported_at=NOON, on_rejected=print, on_progress=_stopping_after(4))
    etag = client.get("/api/v1/cluster/epochs").headers["ETag"]

    result = load(path)
    assert (result["added"], result["changed"]) == (0, 0)
    reply = client.get("/api/v1/cluster/epochs", headers={"If-None-Match": etag})
    assert len(reply.json()["items"]) == 10

    load(path)
    unchanged = client.get("/api/v1/cluster/epochs", headers={"If-None-Match": reply.headers["ETag"]})
    assert unchanged.status_code == 304


def _stopping_after(batches: int) -> Callable[[object], None]:
    left = [None] * batches

    def stop(file: object) -> None:
        left.pop()
        if not left:
            raise KeyboardInterrupt

    return stop


@pytest.mark.processes
def test_an_import_that_is_killed_ends_as_one_clean_run(stack: Installation, tmp_path: Path) -> None:
    """It reads from a pipe that gives a batch and a bit, and is killed when the batch is stored."""
    lines, batch = list(varied(epochs=120, accounts=100)), importing.BATCH_LINES
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    killed = stack.start("import_epochs", str(pipe))
    with pipe.open("wb") as feed:
        feed.write(text_of(lines[: batch + 1_000]).encode())
        feed.flush()
        wait_until(lambda: stack.rows("SELECT count(*) FROM validators_validatorepoch")[0][0] == batch)
        killed.kill()
        killed.wait()

    result = json.loads(stack.manage("import_epochs", str(file_of(tmp_path, *lines)), "--json").stdout)

    assert (result["added"], result["unchanged"], result["rejected_count"]) == (
        2_000,
        importing.BATCH_LINES,
        0,
    )
    stack.manage("export_epochs", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_bytes() == text_of(lines).encode()
