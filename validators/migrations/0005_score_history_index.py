"""One validator's scores are read from the index alone.

They lie far apart in the table, one to a page: 500 of them took 60 ms when the pages were not in
memory. Django's own `include` warns on SQLite, which knows no such index.
"""

from django.db import migrations


def _build(schema_editor, included):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("ALTER TABLE validators_trustscore DROP CONSTRAINT trust_score_once")
    schema_editor.execute(
        "ALTER TABLE validators_trustscore "
        f"ADD CONSTRAINT trust_score_once UNIQUE (validator_id, run_id) {included}"
    )


def with_scores(apps, schema_editor):
    _build(schema_editor, "INCLUDE (score, rank)")


def without_scores(apps, schema_editor):
    _build(schema_editor, "")


class Migration(migrations.Migration):
    dependencies = [("validators", "0004_request_tally")]

    operations = [migrations.RunPython(with_scores, without_scores)]
