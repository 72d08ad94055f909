"""Loading the two demo brands, each once: what is recorded, the figures, and the starter set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from huitou.brands import services as brands
from huitou.brands.models import Brand, Platform
from huitou.demo import complete_journey, generator, words_zh
from huitou.demo.loading import JOB_KIND, Say, Source, load
from huitou.demo.tables import source as generated_source
from huitou.insight import services as insight
from huitou.insight.queries import freshness
from huitou.insight.types import Scope
from huitou.jobs import services as jobs
from huitou.jobs.models import Job, JobState
from huitou.kernel.errors import RefusedInputError
from huitou.segments.refreshing import refresh as refresh_segments
from huitou.segments.starter import add_starter_set

DEFAULT_MEMBERS = 20_000
DEFAULT_SEED = 1
# Order and member numbers of a larger set would no longer fit their digits.
MEMBERS_MAX = 100_000_000


@dataclass(frozen=True)
class Loaded:
    """A demo brand once it is loaded; ``is_new`` is False when nothing was left to do."""

    brand: str
    is_new: bool
    members: int
    orders: int


def silent(message: str) -> None:
    """Say nothing."""


def ensure_demo(say: Say = silent) -> list[Loaded]:
    """Have both demo brands loaded; quick when they are. A killed load goes on where it stood.

    A brand of the operator's own that has the name of one of them is left alone.
    """
    loaded = []
    for step in (load_complete_journey, _generate_default):
        try:
            loaded.append(step(say))
        except RefusedInputError as refusal:
            say(str(refusal))
    return loaded


def _generate_default(say: Say) -> Loaded:
    return generate(say=say)


def load_complete_journey(say: Say = silent) -> Loaded:
    """Have the brand ``demo`` recorded and refreshed."""
    brand = _brand_with_job(
        slug=complete_journey.SLUG,
        name=complete_journey.NAME,
        time_zone=complete_journey.TIME_ZONE,
        currency=complete_journey.CURRENCY,
        pinned_as_of=complete_journey.PINNED_AS_OF,
        notes=(complete_journey.DATA_NOTE_ZH, complete_journey.DATA_NOTE_EN),
        shops=[
            (complete_journey.SHOP_SLUG, Platform.OFFLINE.value, complete_journey.SHOP_NAME),
        ],
        subject=complete_journey.NAME,
    )
    return _finished(brand, lambda job: complete_journey.source(), say)


def generate(
    *,
    members: int = DEFAULT_MEMBERS,
    seed: int = DEFAULT_SEED,
    slug: str = generator.SLUG,
    say: Say = silent,
) -> Loaded:
    """Have a generated brand of ``members`` members recorded and refreshed.

    The data ends at the moment of the first call. Raises ``RefusedInputError`` with the code
    ``MEMBERS`` for a number outside 1 to ``MEMBERS_MAX``, and ``BRAND_EXISTS`` when the brand
    holds anything else.
    """
    if not 1 <= members <= MEMBERS_MAX:
        raise RefusedInputError("MEMBERS", f"The number of members is 1 to {MEMBERS_MAX}.")
    brand = _brand_with_job(
        slug=slug,
        name=words_zh.BRAND_NAME if slug == generator.SLUG else f"{words_zh.BRAND_NAME} {slug}",
        time_zone=generator.TIME_ZONE,
        currency=generator.CURRENCY,
        pinned_as_of=None,
        notes=(generator.DATA_NOTE_ZH, generator.DATA_NOTE_EN),
        shops=[(shop, platform, name) for shop, platform, name, *_ in generator.SHOPS],
        subject=f"{slug}: {members} members, seed {seed}",
    )

    def source(job: Job) -> Source:
        return generated_source(generator.Population(members, seed, job.created_at))

    return _finished(brand, source, say)


def _brand_with_job(
    *,
    slug: str,
    name: str,
    time_zone: str,
    currency: str,
    pinned_as_of: date | None,
    notes: tuple[str, str],
    shops: Sequence[tuple[str, str, str]],
    subject: str,
) -> Brand:
    """The brand with its demo job, created together on the first call."""
    brand = Brand.objects.filter(slug=slug).first()
    if brand is not None:
        if not Job.objects.filter(brand=brand, kind=JOB_KIND, subject=subject).exists():
            raise RefusedInputError(
                "BRAND_EXISTS", f"The brand {slug!r} exists and holds other data; choose another."
            )
        return brand
    with transaction.atomic():
        brand = brands.create_brand(
            slug=slug,
            name=name,
            time_zone=time_zone,
            currency=currency,
            pinned_as_of=pinned_as_of,
            data_note_zh=notes[0],
            data_note_en=notes[1],
        )
        for shop_slug, platform, shop_name in shops:
            brands.create_shop(brand=brand, slug=shop_slug, platform=platform, name=shop_name)
        jobs.create_job(brand_id=brand.pk, kind=JOB_KIND, subject=subject)
    return brand


def _finished(brand: Brand, make: Callable[[Job], Source], say: Say) -> Loaded:
    """Record what is missing, then refresh; the brand's demo job says how far that is."""
    job = Job.objects.get(brand=brand, kind=JOB_KIND)
    is_new = job.state != JobState.DONE
    if is_new:
        _work_off(brand, job, make, timezone.now(), say)
    fresh = freshness(Scope(brand.pk, None))
    return Loaded(
        brand=brand.slug,
        is_new=is_new,
        members=fresh.members if fresh else 0,
        orders=fresh.orders if fresh else 0,
    )


def _work_off(
    brand: Brand, job: Job, make: Callable[[Job], Source], now: datetime, say: Say
) -> None:
    try:
        if not load(brand, job, make(job), now=now, say=say):
            return
        say(f"{brand.name}: computing figures")
        insight.refresh(brand.pk, now=now)
        say(f"{brand.name}: finding segments")
        add_starter_set(brand=brand, now=now)
        refresh_segments(brand)
    except Exception as error:
        jobs.fail_job(job.pk, now=timezone.now(), message=f"{type(error).__name__}: {error}")
        raise
    jobs.finish_job(job.pk, now=timezone.now())
