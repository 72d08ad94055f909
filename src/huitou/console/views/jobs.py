"""The jobs tray: long work with its progress."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from huitou.jobs.models import JobState
from huitou.jobs.queries import recent_jobs
from huitou.ui.access import brand_required

TRAY_ROWS = 8


@brand_required
def tray(request: HttpRequest) -> HttpResponse:
    """The newest jobs of the brand; the fragment polls itself while one of them is unfinished.

    Somebody limited to shops sees their own jobs only: a job names files of any shop.
    """
    jobs = recent_jobs(
        request.scope.brand_id,
        limit=TRAY_ROWS,
        created_by_id=request.user.pk if request.scope.is_limited else None,
    )
    unfinished = sum(job.state in (JobState.QUEUED, JobState.RUNNING) for job in jobs)
    return render(request, "console/jobs_tray.html", {"jobs": jobs, "unfinished": unfinished})
