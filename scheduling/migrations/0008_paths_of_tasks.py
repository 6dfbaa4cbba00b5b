"""Rows that name a task by the path it had before `scheduling.tasks` name it by that."""

from django.db import migrations

# As they were on the day of this migration, whatever `scheduling.models.paths` says later.
MOVED = {
    "scheduling.execution.execute_run": "scheduling.tasks.execute_run",
    "scheduling.retention.clean_up": "scheduling.tasks.clean_up",
    "scheduling.alert_delivery.send_email": "scheduling.tasks.send_email",
    "scheduling.alert_delivery.send_webhook": "scheduling.tasks.send_webhook",
}


def _rewrite(apps, paths):
    for model, field in (("scheduling.Job", "task"), ("django_q.Schedule", "func")):
        rows = apps.get_model(model)._base_manager
        for before, after in paths.items():
            rows.filter(**{field: before}).update(**{field: after})


def rewrite(apps, schema_editor):
    _rewrite(apps, MOVED)


def restore(apps, schema_editor):
    _rewrite(apps, {after: before for before, after in MOVED.items()})


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0007_task_history_indexes"),
        ("django_q", "0018_task_success_index"),
    ]

    operations = [migrations.RunPython(rewrite, restore)]
