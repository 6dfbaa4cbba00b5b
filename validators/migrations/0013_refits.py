from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("validators", "0012_room_for_updates")]

    operations = [
        migrations.CreateModel(
            name="Refit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("method", models.CharField(max_length=50)),
                ("version", models.CharField(max_length=20)),
                ("made_at", models.DateTimeField()),
                (
                    "fitted_to",
                    models.BigIntegerField(help_text="The last epoch whose outcome was learnt from"),
                ),
                (
                    "judged_to",
                    models.BigIntegerField(help_text="The last epoch whose outcome it was judged by"),
                ),
                (
                    "accepted",
                    models.BooleanField(help_text="Whether scores are made with it from then on"),
                ),
                ("reason", models.TextField()),
                ("figures", models.JSONField(help_text="By whose they are")),
                ("coefficients", models.JSONField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("method", "version"), name="refit_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted", False), ("coefficients__isnull", False), _connector="OR"
                        ),
                        name="refit_accepted_is_kept",
                    ),
                ],
            },
        ),
    ]
