"""What gunicorn imports."""

import subprocess
import sys

FROZEN = """
import gc
import staking_project.wsgi
from validators.pages import views
from validators.api import documents
looked_through = {id(one) for one in gc.get_objects()}
print(id(vars(views)) in looked_through, id(documents.ValidatorDocument) in looked_through)
"""


def test_what_stays_is_not_looked_through_for_garbage() -> None:
    told = subprocess.run([sys.executable, "-c", FROZEN], stdout=subprocess.PIPE, text=True, check=True)

    assert told.stdout == "False False\n"
