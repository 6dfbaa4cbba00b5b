"""What is asked again and again, by an index where it grows: a job's changes, and what is due of many jobs.

The table of schedules is django-q2's, so its index is no model's. Without it a tick is as right, and slower.
"""

from django.db import migrations, models

INDEX = "scheduling_schedule_next_run"


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0015_indexes_for_either_django"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="jobchange",
            index=models.Index(fields=["job", "action", "-at"], name="scheduling_change_by_action"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("paused_until__isnull", False)),
                fields=["paused_until"],
                name="scheduling_job_paused_until",
            ),
        ),
        migrations.RunSQL(
            f"CREATE INDEX {INDEX} ON django_q_schedule (next_run)",
            f"DROP INDEX IF EXISTS {INDEX}",
        ),
    ]
