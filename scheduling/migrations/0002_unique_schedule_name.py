"""Holds the uniqueness of schedule names in the database.

django-q2's own table has no such constraint, and two `update_or_create(name=…)` at once
duplicated 60 rows of 60 on PostgreSQL. Rows without a name stay unlimited: NULLs are distinct.
"""

from django.db import migrations
from django.db.models import Count, Max

INDEX = "scheduling_unique_schedule_name"


def remove_duplicates(apps, schema_editor):
    """Keep the newest row of each name; a name twice is what this migration is here to end."""
    schedules = apps.get_model("django_q", "Schedule").objects
    duplicated = schedules.exclude(name=None).values("name").annotate(rows=Count("pk"), newest=Max("pk"))
    for row in duplicated.filter(rows__gt=1):
        schedules.filter(name=row["name"]).exclude(pk=row["newest"]).delete()


class Migration(migrations.Migration):
    # PostgreSQL builds no index on a table whose deletes it still has to check.
    atomic = False

    dependencies = [
        ("scheduling", "0001_initial"),
        ("django_q", "0018_task_success_index"),
    ]

    operations = [
        migrations.RunPython(remove_duplicates, migrations.RunPython.noop),
        migrations.RunSQL(
            f"CREATE UNIQUE INDEX {INDEX} ON django_q_schedule (name)",
            f"DROP INDEX IF EXISTS {INDEX}",
        ),
    ]
