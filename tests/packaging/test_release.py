"""Versions: what the documents name is released, and each release tells in three paragraphs what it is."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from staking_project.home import CODE
from tests.packaging.changelog import NOT_YET, sections

DOCUMENTS = [*CODE.glob("*.md"), *(CODE / "docs").rglob("*.md")]


def tags() -> set[str]:
    """Those of the checkout; an unpacked archive has none, and a shallow clone may have none."""
    asked = subprocess.run(["git", "tag", "--list"], cwd=CODE, capture_output=True, text=True)
    return set(asked.stdout.split())


def test_the_version_has_a_section_and_each_begins_with_three_paragraphs() -> None:
    version = tomllib.loads((CODE / "pyproject.toml").read_text())["project"]["version"]

    assert sections()[0].version == version
    for section in sections():
        assert len(section.paragraphs()) == 3, section.version
        assert all(len(one) > 100 for one in section.paragraphs()), section.version


def test_the_documents_name_tags_that_exist_and_no_others() -> None:
    released = {f"v{section.version}" for section in sections() if section.date != NOT_YET}
    named = {
        tag for path in DOCUMENTS for tag in re.findall(r"(?<![\w.-])v\d+\.\d+\.\d+\b", path.read_text())
    }

    assert named <= released
    assert named <= tags() or not tags()


def test_upgrading_has_a_paragraph_for_every_version() -> None:
    guide = (CODE / "docs" / "operations.md").read_text().split("\n### Upgrading\n")[1].split("\n## ")[0]

    assert re.findall(r"^\*\*(\d+\.\d+\.\d+)\.\*\*", guide, re.MULTILINE) == [
        section.version for section in sections()
    ]


def test_the_licence_is_whole() -> None:
    text = (CODE / "LICENSE").read_text()

    assert "Apache License\n" in text
    assert "Version 2.0, January 2004" in text
    assert text.rstrip().endswith("limitations under the License.")


@pytest.mark.parametrize("name", [".github/workflows/check.yml", ".github/dependabot.yml"])
def test_actions_are_yaml_and_run_the_gate_on_the_pythons_that_are_promised(name: str) -> None:
    parsed = yaml.safe_load((CODE / name).read_text())

    if "jobs" in parsed:
        gate = parsed["jobs"]["gate"]
        promised = re.findall(r"Python :: (3\.\d+)", (CODE / "pyproject.toml").read_text())
        assert gate["strategy"]["matrix"]["python"] == promised
        assert gate["steps"][-1]["run"] == ".ci/run"
        assert parsed["permissions"] == {"contents": "read"}


def test_the_hooks_of_pre_commit_call_what_the_gate_calls() -> None:
    [local] = yaml.safe_load((CODE / ".pre-commit-config.yaml").read_text())["repos"]
    installed = (CODE / "requirements-dev.in").read_text()

    assert local["repo"] == "local"
    programs = {Path(hook["entry"].split()[0]).name for hook in local["hooks"]}
    assert programs == {"ruff", "mypy", "lint-imports"}
    assert all(name in installed for name in ("ruff==", "mypy==", "import-linter=="))
