from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0003_run_tally"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Who uses it; the journal of changes names it.", max_length=100, unique=True
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("begins_with", models.CharField(editable=False, max_length=20)),
                ("may_trigger", models.BooleanField(default=False, help_text="Run a job now.")),
                ("may_pause", models.BooleanField(default=False, help_text="Pause a job.")),
                ("may_resume", models.BooleanField(default=False, help_text="Resume a paused job.")),
                ("created_at", models.DateTimeField(editable=False)),
                ("created_by", models.CharField(editable=False, max_length=150)),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name": "API token",
                "ordering": ["name"],
            },
        ),
    ]
