"""Background entry points of insight."""

from __future__ import annotations

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

# The kind of the jobs that compute what follows a refresh.
KEEP_JOB = "months"


@app.task(name="insight.refresh_brand", queue="insight")
def refresh_brand(brand_id: int, job_id: int | None = None) -> None:
    """Refresh a brand's figures; the job, when there is one, says how far and how it ended."""
    # Imported here: every process registers the tasks, only the worker needs what they need.
    from huitou.insight.services import refresh_as_job

    refresh_as_job(brand_id, job_id=job_id)
    keep_soon(brand_id)


@app.task(name="insight.keep_months", queue="insight")
def keep_months(brand_id: int, job_id: int) -> None:
    """What a refresh does without, so as not to be later: the life cycle over time."""
    from huitou.insight.services import keep_as_job

    keep_as_job(brand_id, job_id=job_id)


@app.periodic(cron="7 * * * *")
@app.task(name="insight.refresh_stale_brands", queue="insight")
def refresh_stale_brands(timestamp: int) -> None:
    """Every hour, refresh the brands whose figures are of a day that has passed."""
    from datetime import UTC, datetime

    from huitou.insight.services import stale_brands

    for brand_id in stale_brands(datetime.fromtimestamp(timestamp, UTC)):
        refresh_soon(brand_id)


def refresh_soon(brand_id: int) -> None:
    """Queue a refresh of the brand, unless one is waiting already."""
    try:
        refresh_brand.configure(queueing_lock=f"refresh-{brand_id}").defer(brand_id=brand_id)
    except AlreadyEnqueued:
        return


def keep_soon(brand_id: int) -> None:
    """Queue what follows a refresh, unless it is waiting or under way already."""
    from huitou.brands.models import Brand
    from huitou.jobs.queries import unfinished_jobs
    from huitou.jobs.services import create_job

    if unfinished_jobs(brand_id, KEEP_JOB):
        return
    with transaction.atomic():
        brand = Brand.objects.get(pk=brand_id)
        job = create_job(brand_id=brand_id, kind=KEEP_JOB, subject=brand.name)
        keep_months.defer(brand_id=brand_id, job_id=job.pk)
