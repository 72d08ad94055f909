from django.db import migrations, models

# What refreshes told before they kept the events' ids. The log is read once, for all of them.
FILL = """
    update segments_segmentrefresh r
    set entered_event = told.entered, left_event = told.left
    from (
        select s.id as segment_id, e.occurred_at,
               min(e.id) filter (where e.kind = 'segments.members_entered') as entered,
               min(e.id) filter (where e.kind = 'segments.members_left') as left
        from eventlog_event e
        join segments_segment s on s.brand_id = e.brand_id and s.slug = e.payload->>'segment'
        where e.kind in ('segments.members_entered', 'segments.members_left')
        group by s.id, e.occurred_at
    ) told
    where told.segment_id = r.segment_id and told.occurred_at = r.at
      and (r.entered > 0 or r.left > 0)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("eventlog", "0001_initial"),
        ("segments", "0002_description"),
    ]

    operations = [
        migrations.AddField(
            model_name="segmentrefresh",
            name="entered_event",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="segmentrefresh",
            name="left_event",
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="segmentrefresh",
            index=models.Index(
                condition=models.Q(("entered__gt", 0), ("left__gt", 0), _connector="OR"),
                fields=["segment", "-id"],
                name="segment_refresh_moves",
            ),
        ),
    ]
