"""Recording a demo brand chunk by chunk, as a job that can be killed and goes on where it stood."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from django.db import connection, transaction
from numpy.typing import NDArray

from huitou.behaviour import services as behaviour
from huitou.brands.models import Brand, Shop
from huitou.commerce import services as commerce
from huitou.jobs import services as jobs
from huitou.jobs.models import Job
from huitou.members import services as members

JOB_KIND = "demo"
Say = Callable[[str], None]


@dataclass(frozen=True)
class ShopPart:
    """What one chunk says about one shop.

    ``person_of_order`` is the position in ``people`` of each order's buyer, -1 for none. The tables
    have the columns of ``commerce.recording.STAGE_*``, orders without ``member_id``; ``events``
    those of ``conduct.event_rows``, with positions in ``people``.
    """

    shop_slug: str
    people: pa.Table
    person_of_order: NDArray[np.int64]
    orders: pa.Table
    lines: pa.Table
    refunds: pa.Table | None = None
    reviews: pa.Table | None = None
    events: pa.Table | None = None


@dataclass(frozen=True)
class Source:
    """Chunks of a brand, numbered from 0; any chunk can be made on its own."""

    chunks: int
    chunk: Callable[[int], list[ShopPart]]


def load(brand: Brand, job: Job, source: Source, *, now: datetime, say: Say) -> bool:
    """Record the chunks of ``source`` that ``job`` has not recorded yet.

    Returns False when another process is at the same job and records the rest.

    A chunk and the job's position are one transaction, so a kill loses a chunk at most and never
    repeats one. Rows are marked with the negative job number, which no import batch has.
    """
    jobs.start_job(job.pk, total=source.chunks, now=now)
    job.refresh_from_db()
    shops = {shop.slug: shop for shop in Shop.objects.filter(brand=brand)}
    with closing(_made_ahead(source, job.done)) as chunks:
        for number, parts in chunks:
            with transaction.atomic():
                if not _stands_at(job.pk, number):
                    return False
                for part in parts:
                    _record(brand, shops[part.shop_slug], -job.pk, part, now)
                jobs.advance_job(job.pk, done=number + 1)
            say(f"{brand.name}: {(number + 1) * 100 // source.chunks} %")
    return True


def _made_ahead(source: Source, start: int) -> Generator[tuple[int, list[ShopPart]]]:
    """Chunks from ``start`` on, the next one made while the caller records this one."""
    with ThreadPoolExecutor(max_workers=1) as maker:
        coming = maker.submit(source.chunk, start) if start < source.chunks else None
        for number in range(start, source.chunks):
            assert coming is not None
            parts = coming.result()
            if number + 1 < source.chunks:
                coming = maker.submit(source.chunk, number + 1)
            yield number, parts


def _stands_at(job_id: int, number: int) -> bool:
    """Take the job for this transaction; whether ``number`` is its next chunk."""
    with connection.cursor() as cursor:
        # A chunk is bulk work; should the machine fail, chunk and position are lost together.
        cursor.execute("set local statement_timeout = '10min'")
        cursor.execute("set local lock_timeout = '10min'")
        cursor.execute("set local synchronous_commit = off")
    return Job.objects.select_for_update().get(pk=job_id).done == number


def _record(brand: Brand, shop: Shop, source_ref: int, part: ShopPart, now: datetime) -> None:
    resolved = members.resolve_people(
        brand_id=brand.pk,
        shop_id=shop.pk,
        platform=shop.platform,
        source_ref=source_ref,
        people=part.people,
        origin="backfill",
        now=now,
    )
    owner = np.append(resolved.member_ids, 0)[part.person_of_order]
    commerce.record(
        scope=commerce.ShopScope(
            brand_id=brand.pk,
            shop_id=shop.pk,
            currency=brand.currency,
            time_zone=brand.time_zone,
        ),
        source_ref=source_ref,
        now=now,
        origin="backfill",
        orders=part.orders.append_column("member_id", pa.array(owner, mask=owner == 0)),
        lines=part.lines,
        refunds=part.refunds,
        reviews=part.reviews,
    )
    if part.events is not None:
        behaviour.record_events(
            brand_id=brand.pk,
            time_zone=brand.time_zone,
            rows=list(_events(shop, part.events, resolved.member_ids)),
            now=now,
            origin="backfill",
        )


def _events(
    shop: Shop, events: pa.Table, member_ids: NDArray[np.int64]
) -> Iterator[behaviour.EventRow]:
    columns = (events[name].to_pylist() for name in ("source_id", "kind", "at", "product_code"))
    members_of = member_ids[events["person"].to_numpy()].tolist()
    for member, source_id, kind, at, code in zip(members_of, *columns, strict=True):
        yield behaviour.EventRow(
            source=shop.slug,
            source_id=source_id,
            kind=kind,
            occurred_at=at,
            shop_id=shop.pk,
            member_id=member,
            product_code=code or "",
        )
