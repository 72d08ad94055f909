"""Which field each column of a file was recognised as."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from huitou.ingest.fields import field_title
from huitou.ingest.models import Batch
from huitou.ingest.reading.binding import bind
from huitou.ingest.records import ReadContext
from huitou.ingest.services import format_of
from huitou.kernel.errors import RefusedInputError


@dataclass(frozen=True)
class Heading:
    """A column of the file and the titles of the fields read from it; none when it is not read."""

    name: str
    fields: tuple[str, ...]


def recognised(batch: Batch) -> list[Heading]:
    """Every column of the batch's file; empty when its format is no longer known."""
    brand = batch.brand
    # The moment plays no part in laying a format over a header.
    context = ReadContext(brand.time_zone, brand.currency, now=datetime.now(UTC))
    try:
        positions = bind(format_of(batch), batch.header, context).positions
    except (RefusedInputError, StopIteration):
        return []
    read: dict[int, list[str]] = {}
    for field, places in positions.items():
        for place in places:
            read.setdefault(place, []).append(field_title(field))
    return [Heading(name, tuple(read.get(at, ()))) for at, name in enumerate(batch.header)]
