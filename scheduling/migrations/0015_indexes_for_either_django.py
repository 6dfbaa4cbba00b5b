"""SQLite takes a partial index for a question that has its very words, and Django 6.1 has others than 5.2.

To `success` of before it says `success = True`. So there are both: a database outlives the Django that made it.
"""

from django.db import migrations

INDEXES = {
    "scheduling_task_succeeded_newer": "django_q_task (stopped) WHERE success = True",
    "scheduling_task_failed_newer": "django_q_task (stopped) WHERE success = False",
    "scheduling_run_untallied_newer": "scheduling_run (job_id) WHERE tallied = False",
}


def add_indexes(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name, rows in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX {name} ON {rows}")


def remove_indexes(apps, schema_editor):
    for name in INDEXES:
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0014_scopes_subscribe_and_watch"),
    ]

    operations = [
        migrations.RunPython(add_indexes, remove_indexes),
    ]
