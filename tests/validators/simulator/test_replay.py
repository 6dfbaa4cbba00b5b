import json
from pathlib import Path

import pytest
from django.conf import settings

from tests.validators.simulator.client import ask, refusal
from validators.simulator.replay import ReplayError, read_recording
from validators.simulator.running import running_cluster

RECORDED_MAINNET = Path(settings.BASE_DIR).parent / "shared" / "data" / "rpc" / "epoch990"


def record(directory: Path, name: str, result: object) -> None:
    (directory / name).write_text(json.dumps({"jsonrpc": "2.0", "id": 99, "result": result}))


def test_recorded_results_are_served_by_the_start_of_the_file_name(tmp_path: Path) -> None:
    record(tmp_path, "getSlot.json", 5)
    record(tmp_path, "getBlockProduction.ESTIMATED_LEADER_SLOTS.json", {"value": 1})
    record(tmp_path, "getProgramAccounts_Config_2023-08-24.json", [2])
    (tmp_path / "README.md").write_text("not a reply")

    with running_cluster(replay=tmp_path) as url:
        answers = [ask(url, name) for name in ("getSlot", "getBlockProduction", "getProgramAccounts")]
        missing = refusal(url, "getSlotLeader")

    assert answers == [5, {"value": 1}, [2]]
    assert missing["code"] == -32601


def test_a_recording_is_read_once(tmp_path: Path) -> None:
    record(tmp_path, "getSlot.json", 5)
    with running_cluster(replay=tmp_path) as url:
        record(tmp_path, "getSlot.json", 6)

        assert ask(url, "getSlot") == 5


def test_a_recording_can_misbehave_too(tmp_path: Path) -> None:
    record(tmp_path, "getSlot.json", 5)
    with running_cluster(replay=tmp_path, fault="behind:1") as url:
        assert refusal(url, "getSlot")["code"] == -32005


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({}, "no file named after a method"),
        ({"getSlot.json": "{"}, "cannot be read as JSON"),
        ({"getSlot.json": "[]"}, "not a JSON-RPC reply"),
        ({"getSlot.json": '{"error": {}}'}, "not a JSON-RPC reply"),
        ({"getSlot.json": '{"result": 1}', "getSlot.old.json": '{"result": 1}'}, "several files for getSlot"),
    ],
)
def test_an_unusable_recording_is_refused(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    with pytest.raises(ReplayError, match=complaint):
        read_recording(tmp_path)


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="is not a directory"):
        read_recording(tmp_path / "nowhere")


@pytest.mark.skipif(not RECORDED_MAINNET.is_dir(), reason="the recorded mainnet replies are not here")
def test_recorded_mainnet_is_served_unchanged() -> None:
    recorded = json.loads((RECORDED_MAINNET / "getVoteAccounts.json").read_bytes())["result"]

    with running_cluster(replay=RECORDED_MAINNET) as url:
        assert ask(url, "getVoteAccounts") == recorded
        assert ask(url, "getEpochInfo")["epoch"] == 990
