"""The newest runs that failed or were skipped, by an index in which no other run stands."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0016_changes_by_action"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("state", "failed"), ("state", "skipped"), _connector="OR"),
                fields=["state", "-occurrence", "-id"],
                name="scheduling_run_undone",
            ),
        ),
    ]
