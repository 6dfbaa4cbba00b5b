import os
from typing import NoReturn

import pytest
from django.core.management import call_command

from scheduling.engine.cluster import CrashOnlyCluster
from scheduling.engine.dispatcher import Dispatcher


class EndedAtOnceError(Exception):
    """In place of the end of the process that runs the tests."""


@pytest.mark.django_db
def test_a_dispatcher_that_breaks_ends_its_process_at_once_and_with_it_the_pool(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(self: Dispatcher) -> NoReturn:
        raise KeyError("workers")

    def end(code: int) -> NoReturn:
        raise EndedAtOnceError(code)

    monkeypatch.setattr(CrashOnlyCluster, "start", lambda self: None)
    monkeypatch.setattr(CrashOnlyCluster, "restart_if_lost", lambda self: False)
    monkeypatch.setattr(CrashOnlyCluster, "has_lost_messages", lambda self: False)
    monkeypatch.setattr(Dispatcher, "tick", break_down)
    monkeypatch.setattr(os, "_exit", end)

    with pytest.raises(EndedAtOnceError, match="1"):
        call_command("qcluster")

    assert "The dispatcher broke" in caplog.text
    assert "KeyError: 'workers'" in caplog.text


@pytest.mark.django_db
def test_what_the_pool_was_doing_is_handed_over_once_it_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, its workers still live, and nothing of theirs could be given back."""
    done: list[str] = []

    def stop_at_once(cluster: CrashOnlyCluster) -> None:
        cluster.stop_requests = 1

    monkeypatch.setattr(CrashOnlyCluster, "start", stop_at_once)
    monkeypatch.setattr(CrashOnlyCluster, "stop_within", lambda self, seconds: done.append("stopped"))
    monkeypatch.setattr(Dispatcher, "hand_over", lambda self: done.append("handed over"))

    call_command("qcluster")

    assert done == ["stopped", "handed over"]
