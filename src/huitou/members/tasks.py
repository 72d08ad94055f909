"""Background entry points of members."""

from __future__ import annotations

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


@app.task(name="members.suggest", queue="insight")
def suggest(brand_id: int, job_id: int | None = None) -> None:
    """Look for accounts that may be one person; the job says how it ended."""
    from huitou.members.suggesting import suggest_as_job, suggest_members

    if job_id is None:
        suggest_members(brand_id)
    else:
        suggest_as_job(brand_id, job_id=job_id)


@app.periodic(cron="37 2 * * *")
@app.task(name="members.suggest_all", queue="insight")
def suggest_all(timestamp: int) -> None:
    """Every night, look through every brand."""
    from huitou.members.suggesting import brands_with_accounts

    for brand_id in brands_with_accounts():
        try:
            suggest.configure(queueing_lock=f"suggest-{brand_id}").defer(brand_id=brand_id)
        except AlreadyEnqueued:
            continue
