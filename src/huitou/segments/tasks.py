"""Background entry points of segments."""

from __future__ import annotations

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


@app.task(name="segments.refresh_brand", queue="insight")
def refresh_brand(brand_id: int) -> None:
    """Bring a brand's segments up to date with its figures."""
    # Imported here: every process registers the tasks, only the worker needs what they need.
    from huitou.brands.models import Brand
    from huitou.segments.refreshing import refresh

    refresh(Brand.objects.get(pk=brand_id))


@app.periodic(cron="*/5 * * * *")
@app.task(name="segments.follow_figures", queue="insight")
def follow_figures(timestamp: int) -> None:
    """Every five minutes, queue the brands whose segments are behind their figures or rules."""
    from huitou.segments.refreshing import behind

    for brand_id in behind():
        lock = f"segments-{brand_id}"
        try:
            refresh_brand.configure(queueing_lock=lock).defer(brand_id=brand_id)
        except AlreadyEnqueued:
            continue
