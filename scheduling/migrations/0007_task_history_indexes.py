"""django-q2 keeps every failure, and its own table has no index by which the newest are found."""

from django.db import migrations

# Partial, since SQLite uses no index for a column that is a condition by itself.
INDEXES = {
    "scheduling_task_succeeded": "(stopped) WHERE success",
    "scheduling_task_failed": "(stopped) WHERE NOT success",
    # Those of one job.
    "scheduling_task_of_group": '("group", stopped)',
}


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0006_newest_runs"),
        ("django_q", "0018_task_success_index"),
    ]

    operations = [
        migrations.RunSQL(
            f"CREATE INDEX {name} ON django_q_task {rows}",
            f"DROP INDEX IF EXISTS {name}",
        )
        for name, rows in INDEXES.items()
    ]
