"""What no row can hold is refused in one line, on every database."""

import pytest
from django.core.management import CommandError, call_command

from scheduling.models import Job

pytestmark = [pytest.mark.django_db, pytest.mark.database]

LONG_CRON = ",".join(map(str, range(60))) + " * * * *"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["set", "--cron", LONG_CRON], "A cron of 177 characters is too long: 100 fit"),
        (["pause", "--note", "x" * 301], "A note of 301 characters is too long: 300 fit"),
        (["set", "--parameters", '{"factor": NaN}'], "NaN is no number that JSON knows"),
        (["set", "--parameters", '{"factor": -Infinity}'], "-Infinity is no number that JSON knows"),
    ],
)
def test_what_no_row_can_hold_is_refused_in_one_line(job: Job, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        call_command("scheduler", words[0], job.name, *words[1:])

    assert caught.value.returncode == 2
