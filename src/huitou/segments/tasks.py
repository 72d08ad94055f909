"""Background entry points of segments."""

from __future__ import annotations

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

# The kind of the jobs that tell how a refresh goes.
REFRESH_JOB = "segments"


@app.task(name="segments.refresh_brand", queue="insight")
def refresh_brand(brand_id: int) -> None:
    """Bring a brand's segments up to date with its figures."""
    # Imported here: every process registers the tasks, only the worker needs what they need.
    from huitou.brands.models import Brand
    from huitou.segments.refreshing import refresh

    refresh(Brand.objects.get(pk=brand_id))


@app.task(name="segments.refresh_now", queue="insight")
def refresh_now(brand_id: int, job_id: int, slugs: list[str] | None = None) -> None:
    """Refresh a brand's segments, or those named, because somebody asked; the job tells of it."""
    from huitou.segments.refresh_job import refresh_as_job

    refresh_as_job(brand_id, job_id=job_id, slugs=slugs)


def follow_tags(brand_id: int) -> None:
    """Queue the brand when tags are to be put or ended, sooner than ``follow_figures`` would."""
    from huitou.segments.tagging import unsettled

    if unsettled(brand_id):
        _queue(brand_id)


def _queue(brand_id: int) -> None:
    try:
        refresh_brand.configure(queueing_lock=f"segments-{brand_id}").defer(brand_id=brand_id)
    except AlreadyEnqueued:
        pass


@app.periodic(cron="*/5 * * * *")
@app.task(name="segments.follow_figures", queue="insight")
def follow_figures(timestamp: int) -> None:
    """Every five minutes, queue the brands whose segments are behind their figures or rules."""
    from huitou.segments.refreshing import behind

    for brand_id in behind():
        _queue(brand_id)
