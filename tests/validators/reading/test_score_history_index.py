"""One validator's scores are read without their table, which holds them far apart."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.validators.rows import fetch, scoring_run, validator
from validators.models import TrustScore
from validators.pages.rows import standing_rows
from validators.reading.picture import current_picture
from validators.reading.standings import standings

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EXPECTED = {
    "postgresql": "Index Only Scan Backward using trust_score_once",
    "sqlite": "SEARCH validators_trustscore USING INDEX sqlite_autoindex_validators_trustscore_1",
}


def test_the_newest_scores_of_a_validator_come_from_an_index() -> None:
    first, second = validator(1), validator(2)
    for _ in range(3):
        scoring_run([(first, 50.0), (second, 60.0)])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")

    newest = TrustScore.objects.filter(validator=first).order_by("-run_id").values_list("score", "rank")[:2]

    assert EXPECTED[connection.vendor] in newest.explain()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL chooses by how many rows there are")
def test_a_page_reads_the_newest_scores_of_its_validators_and_of_nobody_else() -> None:
    shown = [validator(number) for number in range(1, 51)]
    fetch()
    for _ in range(15):
        scoring_run([(one, 50.0) for one in shown])
    picture = current_picture()
    page = list(standings(picture, narrowing=None))

    with CaptureQueriesContext(connection) as queries:
        rows = standing_rows(page, picture)

    [asked] = [query["sql"] for query in queries if '"run_id" IN' in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked}")
        [plan] = [line[3] for line in cursor.fetchall()]
    assert [row.scores for row in rows] == [[50.0] * 15] * 50
    assert plan == f"{EXPECTED['sqlite']} (validator_id=? AND run_id=?)"
