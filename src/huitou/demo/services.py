"""Loading the two demo brands; each is recorded once and stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from huitou.brands import services as brands
from huitou.brands.models import Brand, Platform
from huitou.demo import complete_journey
from huitou.demo.loading import JOB_KIND, Say, Source, load
from huitou.insight import services as insight
from huitou.jobs import services as jobs
from huitou.jobs.models import Job, JobState


def silent(message: str) -> None:
    """Say nothing."""


def load_complete_journey(say: Say = silent, *, now: datetime | None = None) -> Brand:
    """Have the brand ``demo`` recorded and refreshed; returns at once when it is.

    A load that was killed goes on where it stood.
    """
    moment = now or timezone.now()
    with transaction.atomic():
        brand = Brand.objects.filter(slug=complete_journey.SLUG).first()
        if brand is None:
            brand = brands.create_brand(
                slug=complete_journey.SLUG,
                name=complete_journey.NAME,
                time_zone=complete_journey.TIME_ZONE,
                currency=complete_journey.CURRENCY,
                pinned_as_of=complete_journey.PINNED_AS_OF,
                data_note_zh=complete_journey.DATA_NOTE_ZH,
                data_note_en=complete_journey.DATA_NOTE_EN,
            )
            brands.create_shop(
                brand=brand,
                slug=complete_journey.SHOP_SLUG,
                platform=Platform.OFFLINE,
                name=complete_journey.SHOP_NAME,
            )
            jobs.create_job(brand_id=brand.pk, kind=JOB_KIND, subject=complete_journey.NAME)
    _finish(brand, complete_journey.source, moment, say)
    return brand


def _finish(brand: Brand, make: Callable[[], Source], now: datetime, say: Say) -> None:
    """Record what is missing, then refresh; the brand's demo job says how far that is."""
    job = Job.objects.filter(brand=brand, kind=JOB_KIND).order_by("id").first()
    if job is None or job.state == JobState.DONE:
        return  # the operator's own brand of that name, or all there
    try:
        load(brand, job, make(), now=now, say=say)
        say(f"{brand.name}: refreshing")
        insight.refresh(brand.pk, now=now)
    except Exception as error:
        jobs.fail_job(job.pk, now=now, message=f"{type(error).__name__}: {error}")
        raise
    jobs.finish_job(job.pk, now=timezone.now())
