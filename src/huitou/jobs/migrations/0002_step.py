from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="step",
            field=models.CharField(blank=True, db_default="", max_length=32),
        ),
    ]
