
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('validators', '0009_final_numbers'),
    ]

    operations = [
        migrations.CreateModel(
            name='DoubtedLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='See validators.solana.plausibility', max_length=24)),
                ('validators', models.IntegerField()),
                ('stake', models.BigIntegerField(help_text='Lamports')),
                ('times', models.IntegerField(default=1, help_text='In a row')),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='EndpointState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As configured, or with keys masked', max_length=500, unique=True)),
                ('plausible_at', models.DateTimeField(blank=True, help_text='Its last answer that could be true', null=True)),
                ('plausible_slot', models.BigIntegerField(blank=True, help_text='Of its last look at the votes', null=True)),
                ('slots_behind', models.BigIntegerField(blank=True, help_text='Behind the last good look, when it was last asked', null=True)),
                ('doubt', models.CharField(blank=True, default='', help_text='Why its last answer cannot be true (plausibility.Kind)', max_length=24)),
                ('failures', models.IntegerField(default=0, help_text='In a row')),
                ('failed_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.TextField(blank=True, default='', help_text='Of the last failure')),
                ('genesis_checked_at', models.DateTimeField(blank=True, help_text='When it last was known to be of this cluster', null=True)),
            ],
        ),
        migrations.AddField(
            model_name='fetch',
            name='genesis_hash',
            field=models.CharField(blank=True, db_default='', help_text='Which cluster this is of', max_length=44),
        ),
        migrations.AlterField(
            model_name='requesttally',
            name='endpoint',
            field=models.CharField(help_text='Its name, else host and port: never a key', max_length=255),
        ),
    ]
