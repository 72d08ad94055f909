"""Background entry points of segments."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="*/5 * * * *")
@app.task(name="segments.follow_figures", queue="insight", queueing_lock="segments-follow-figures")
def follow_figures(timestamp: int) -> None:
    """Every five minutes, refresh the segments of brands that have newer figures.

    Where nothing is newer this reads one row per brand.
    """
    # Imported here: every process registers the tasks, only the worker needs what they need.
    from huitou.segments.refreshing import behind, refresh

    for brand in behind():
        refresh(brand)
