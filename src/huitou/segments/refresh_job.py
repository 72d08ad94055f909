"""Refreshing segments as a job: what it found, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from huitou.brands.models import Brand
from huitou.jobs import services as jobs
from huitou.kernel.errors import RefusedInputError
from huitou.segments.refreshing import Refreshed, refresh


def refresh_as_job(
    brand_id: int, *, job_id: int, slugs: Sequence[str] | None = None
) -> list[Refreshed]:
    """As ``refresh``, with the job telling how it went; other errors are raised again.

    What cannot be refreshed, such as a brand without figures, fails the job alone.
    """
    jobs.start_job(job_id, total=None, now=datetime.now(UTC))
    try:
        done = refresh(
            Brand.objects.get(pk=brand_id),
            slugs=slugs,
            progress=lambda step, done, total: jobs.advance_job(
                job_id, done=done, total=total, step=step
            ),
        )
    except RefusedInputError as error:
        jobs.fail_job(job_id, now=datetime.now(UTC), message=str(error))
        return []
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        jobs.fail_job(job_id, now=datetime.now(UTC), message=message)
        raise
    jobs.advance_job(job_id, done=len(done), total=len(done))
    wrong = [one.slug for one in done if one.problem]
    jobs.finish_job(
        job_id,
        now=datetime.now(UTC),
        message=", ".join(wrong)[:2000],
        step="unreadable" if wrong else "",
        result_url="/segments/",
    )
    return done
