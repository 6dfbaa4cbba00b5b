"""What tables and sentences say of names, defaults and numbers is what the code has."""

import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from django.conf import settings
from pydantic import BaseModel

from scheduling.management.options import OPTIONS
from scheduling.models import Job
from scheduling.modes import CLEANUP, DEFAULT_TIME_LIMIT, MODES, declared_jobs
from scheduling.timing.durations import parse_duration
from tests.docs.pages import DOCS, ROOT
from validators.assistants import arguments
from validators.assistants.tools import MOST_PAST, TOOLS
from validators.jobs import BY_SOURCE, FETCH, SCORE
from validators.models import ValidatorEvent
from validators.rules.inputs import ABOUT, Unit
from validators.rules.schema import ElsewhereRule, RuleSet, ValueRule, VersionRule
from validators.services.history.lines import COLUMNS, MORE_COLUMNS

SCHEDULER, VERDICTS = DOCS / "modules" / "scheduler.md", DOCS / "verdicts.md"
SOURCES = {job.name for job in BY_SOURCE.values()}


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the table that begins with that line, without it."""
    _, found, after = page.read_text().partition(f"\n{heading}\n")
    assert found, heading
    table = after.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def seconds(text: str) -> float:
    return parse_duration(text).total_seconds()


def test_the_table_of_modes_has_their_cadences_and_how_long_runs_are_kept() -> None:
    table = rows(SCHEDULER, "| | fetch | score | cleanup | good runs kept | failed runs kept |")

    told = {codes(mode)[0]: [seconds(cell) for cell in cells] for mode, *cells in table}

    assert told == {
        name: [
            *(job.every_seconds[name] for job in (FETCH, SCORE, CLEANUP)),
            *(kept.total_seconds() for kept in (mode.keep_succeeded, mode.keep_failed)),
        ]
        for name, mode in MODES.items()
    }


def test_the_table_of_sources_has_each_with_its_cadences_and_first_the_one_that_leaves_no_worker() -> None:
    table = rows(SCHEDULER, "| schedule | asks | `test` | `production` |")

    told = {codes(name)[0]: [seconds(cell) for cell in cells] for name, _, *cells in table}

    assert told == {job.name: [job.every_seconds[mode] for mode in MODES] for job in BY_SOURCE.values()}
    assert [job.name for job in BY_SOURCE.values() if not job.leaves_a_worker] == list(told)[:1]


def test_the_table_of_requests_has_every_source() -> None:
    table = rows(SCHEDULER, "| schedule | requests of a run | method |")

    assert {name for cells in table for name in codes(cells[0])} == SOURCES


def test_what_asks_nobody_is_named_with_its_cadence() -> None:
    [told] = re.findall(r"^Two follow what was fetched(?:.|\n.)+", SCHEDULER.read_text(), re.MULTILINE)

    [one] = [job for job in declared_jobs() if job.name not in {*SOURCES, SCORE.name, CLEANUP.name}]

    assert one.name in codes(told)
    assert [seconds(every) for every in re.findall(r"every (\d+ [a-z]+)", told)] == [
        one.every_seconds[mode] for mode in MODES
    ]


def test_the_options_of_a_schedule_have_the_defaults_of_a_job_that_says_nothing() -> None:
    """Those that are one value; how long runs are kept and how often one is tried are told in words."""
    table = rows(SCHEDULER, "| option | type | default | change it when |")
    told: dict[str, str] = {}
    for options, _, default, _ in table:
        flags, each = re.findall(r"--[\w-]+", options), default.replace("`", "").split(", ")
        told |= dict(zip(flags, each * len(flags) if len(each) == 1 else each, strict=False))
    job = Job(time_limit=DEFAULT_TIME_LIMIT)

    for option in OPTIONS:
        if option.field == "max_attempts" or option.field.startswith("keep_"):
            continue
        default, said = getattr(job, option.field), told[option.flag]
        if isinstance(default, timedelta):
            assert parse_duration(said) == default, option.flag
        else:
            assert said == ("none" if default in (None, "") else str(default)), option.flag


def test_the_readme_says_how_often_fetch_and_score_run() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())

    [told] = re.findall(r"every (\d+ s) and (\d+ s) to try it out, every (\d+ h) in production", text)

    every = [job.every_seconds[mode] for mode in MODES for job in (FETCH, SCORE)]
    assert [seconds(one) for one in (*told, told[2])] == every


def test_the_table_of_addresses_has_whatever_readiness_asks() -> None:
    table = rows(DOCS / "monitoring" / "README.md", "| address | answers |")

    [told] = [answers for address, answers in table if codes(address) == ["/readyz"]]

    asked = ["database", "redis", "workers", "schedules", *settings.READINESS_CHECKS]
    assert told.lower().split("reasons: ")[1].split(", ") == asked


def test_the_page_of_fetch_names_every_source() -> None:
    table = rows(DOCS / "modules" / "fetch.md", "| option | type | default | change it when |")

    assert set(codes(table[0][1])) == set(BY_SOURCE)


def test_the_glossary_has_every_kind_of_event() -> None:
    [line] = re.findall(
        r"^\| kind \(of event\) \| (.+) \|$", (DOCS / "glossary.md").read_text(), re.MULTILINE
    )
    told: list[str] = []
    for word in codes(line):  # `delinquency_began` and `_ended`
        told.append(told[-1].rpartition("_")[0] + word if word.startswith("_") else word)

    assert sorted(told) == sorted(ValidatorEvent.Kind.values)


@pytest.mark.parametrize("model", [ValueRule, VersionRule, ElsewhereRule])
def test_the_table_of_rules_has_every_key_of_each_kind(model: type[BaseModel]) -> None:
    [kind] = get_args(model.model_fields["kind"].annotation)

    [told] = [set(codes(keys)) for name, keys in rows(VERDICTS, "| kind | keys |") if codes(name) == [kind]]

    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert keys - {"kind", "name", "said", "source"} <= told


def test_the_table_of_a_rule_set_has_every_key() -> None:
    table = rows(VERDICTS, "| key of a set | what |")

    assert {key for cells in table for key in codes(cells[0])} == set(RuleSet.model_fields)


def test_the_table_of_inputs_has_all_but_the_version_which_is_a_kind() -> None:
    table = rows(VERDICTS, "| input | what |")

    told = {name for cells in table for name in codes(cells[0])}

    assert told == {name for name, about in ABOUT.items() if about.unit is not Unit.VERSION}


def test_the_table_of_assistants_has_every_tool_and_how_much_it_answers() -> None:
    table = rows(DOCS / "mcp.md", "| tool | answers |")

    told = {codes(name)[0]: answers for name, answers in table}

    assert list(told) == list(TOOLS)
    assert f"up to {arguments.MOST_FOUND}," in told["find_validators"]
    assert f"up to {arguments.MOST_EVENTS}," in told["what_changed"]
    assert f"newest {MOST_PAST} incidents" in told["validator"]


def test_the_table_of_history_files_has_every_column_and_the_first_in_their_order() -> None:
    table = rows(DOCS / "modules" / "README.md", "| columns | what they hold |")

    told = [name for cells in table for name in codes(cells[0])]

    assert told[: len(COLUMNS)] == list(COLUMNS)
    assert sorted(told[len(COLUMNS) :]) == sorted(MORE_COLUMNS)
