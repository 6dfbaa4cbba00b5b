"""One validator's scores are read without their table, which holds them far apart."""

import pytest
from django.db import connection

from tests.validators.rows import scoring_run, validator
from validators.models import TrustScore

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
