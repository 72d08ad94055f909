from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("eventlog", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "insert into eventlog_generation (one, number) values (true, 1)",
            "delete from eventlog_generation",
        ),
    ]
