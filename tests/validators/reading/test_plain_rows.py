"""What lists read past the ORM's converters, column by column, is the ORM's own."""

import pytest

from tests.validators import rows
from validators.api.validator_lists import COLUMNS
from validators.reading.picture import current_picture
from validators.reading.plain_rows import plain_columns
from validators.reading.standings import standings, with_risk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_they_are_what_the_orm_gives() -> None:
    rows.fetch()
    kinds = (
        {"runs_jito": True, "apy": 0.07, "commission_flags": ["crossed 10 % upward", "jumped"]},
        {"runs_jito": False, "apy": 0.0, "left_at": rows.NOON, "name": 'A "name", and more: é'},
        {"version_current": True, "superminority": True, "last_seen_at": rows.NOON},
    )
    scored = [(rows.validator(number, **fields), 50.0) for number, fields in enumerate(kinds)]
    rows.scoring_run(scored[:2])
    run = current_picture().scoring_run
    assert run is not None
    run.scores.filter(validator=scored[0][0]).update(
        components={"risk": 0.05, "risk_low": 1, "risk_high": None}
    )
    found = with_risk(standings(current_picture(), narrowing=None))

    columns = (*COLUMNS, "components")
    read = plain_columns(found, columns)

    told = [dict(zip(read, row, strict=True)) for row in zip(*read.values(), strict=True)]
    assert told == list(found.values(*columns))
    assert [list(map(type, one.values())) for one in told] == [
        list(map(type, one.values())) for one in found.values(*columns)
    ]
    by_rank = (told[0]["risk"], told[0]["risk_low"], told[0]["risk_high"])
    assert by_rank == (0.05, 1.0, None)


def test_of_nobody_there_is_nothing() -> None:
    read = plain_columns(with_risk(standings(current_picture())), COLUMNS)

    assert {name: list(values) for name, values in read.items()} == {name: [] for name in COLUMNS}
