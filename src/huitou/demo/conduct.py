"""What invented members did beside buying, and what they wrote afterwards.

Shops began to count visits half a year before the data ends: what is bought since then was looked
at before, and members come by without buying, too. One order in six is praised or complained of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.demo import words_zh as words
from huitou.demo.draws import below, moments, picked, shares, weighted
from huitou.demo.generator import FINISHED, Drawn, Population
from huitou.kernel.columns import text_column

Ints = NDArray[np.int64]

_DAY = 86_400
_COUNTED_DAYS = 180
# Each step of the way to an order: its kind, how many seconds before the order at most and at
# least, and the share of orders that have it.
_BEFORE_ORDER: tuple[tuple[str, int, int, float], ...] = (
    ("visit", 6 * _DAY, 2 * _DAY, 0.35),
    ("view", 2 * _DAY, 6 * 3_600, 0.4),
    ("visit", 4 * 3_600, 1_800, 1.0),
    ("search", 1_800, 1_200, 0.3),
    ("view", 1_200, 400, 0.95),
    ("consult", 400, 200, 0.06),
    ("cart", 200, 60, 0.7),
    ("pay", 60, 5, 0.97),
)
# Those of a visit without an order: kind, seconds after its begin, share.
_BROWSING: tuple[tuple[str, int, float], ...] = (
    ("visit", 1, 1.0),
    ("search", 60, 0.3),
    ("view", 180, 0.7),
    ("favourite", 300, 0.12),
    ("cart", 420, 0.1),
    ("consult", 540, 0.05),
)
_BROWSE_SHARES = (0.3, 0.12, 0.05)
_OF_PRODUCTS = ("view", "favourite", "cart")
_STEPS = 16
_WEIGHTS = [ware.weight for ware in words.CATALOGUE]
_CODES = [ware.code for ware in words.CATALOGUE]

_REVIEW_SHARE = 0.16
_STARS = (4, 3, 7, 17, 69)  # weights of one star to five
_FIRST_REVIEW_NO = 8 * 10**17


@dataclass(frozen=True)
class _Step:
    """One kind of event of some visits; ``ware`` is a position in the catalogue."""

    kind: str
    number: int
    cell: Ints
    person: Ints
    at: Ints
    ware: Ints


def event_rows(drawn: Drawn, population: Population) -> pa.Table:
    """Events: ``person`` (position in the chunk), ``source_id``, ``kind``, ``at``, product."""
    end = int(population.now.timestamp())
    start = end - _COUNTED_DAYS * _DAY
    tables = [
        _rows(prefix, step, start, end)
        for prefix, steps in (
            ("o", _before_orders(drawn, population.seed)),
            ("v", _browsing(drawn, population.seed, start, end)),
        )
        for step in steps
    ]
    return pa.concat_tables(tables)


def _before_orders(drawn: Drawn, seed: int) -> list[_Step]:
    first_line = np.searchsorted(drawn.line_order, np.arange(len(drawn.order_id)))
    steps = []
    for number, (kind, longest, least, share) in enumerate(_BEFORE_ORDER):
        has = drawn.has_buyer & (shares(drawn.order_id, seed, f"step {number}") < share)
        cell = drawn.order_id[has]
        before = least + below(cell, longest - least, seed, f"before {number}")
        at = drawn.ordered_at[has] - before
        ware = drawn.line_ware[first_line[has]]
        steps.append(_Step(kind, number, cell, drawn.buyer[has], at, ware))
    return steps


def _browsing(drawn: Drawn, seed: int, start: int, end: int) -> list[_Step]:
    """Visits without an order; whoever never ordered came by at least once."""
    steps = []
    for visit, visit_share in enumerate(_BROWSE_SHARES):
        comes = shares(drawn.members, seed, f"browse {visit}") < visit_share
        comes |= (drawn.joined == 0) & (visit == 0)
        person = np.flatnonzero(comes)
        cell = drawn.members[person] * len(_BROWSE_SHARES) + visit
        begin = start + below(cell, end - start - _DAY, seed, "browse at")
        ware = weighted(shares(cell, seed, "browse ware"), _WEIGHTS)
        for number, (kind, after, share) in enumerate(_BROWSING):
            has = shares(cell, seed, f"browse step {number}") < share
            steps.append(_Step(kind, number, cell[has], person[has], begin[has] + after, ware[has]))
    return steps


def _rows(prefix: str, step: _Step, start: int, end: int) -> pa.Table:
    counted = (step.at >= start) & (step.at <= end)
    size = int(counted.sum())
    number = pa.array(step.cell[counted] * _STEPS + step.number).cast(pa.string())
    shows = step.kind in _OF_PRODUCTS
    return pa.table(
        {
            "person": step.person[counted],
            "source_id": pc.binary_join_element_wise(prefix, number, ""),
            "kind": text_column(size, step.kind),
            "at": moments(step.at[counted]),
            "product_code": picked(_CODES, step.ware[counted]) if shows else text_column(size),
        }
    )


def reviewed(drawn: Drawn, population: Population) -> Ints:
    """Positions of the orders that were reviewed, some days after they were finished."""
    says = shares(drawn.order_id, population.seed, "review") < _REVIEW_SHARE
    end = int(population.now.timestamp())
    is_past = _reviewed_at(drawn, population.seed) <= end
    return np.flatnonzero(says & is_past & (drawn.status == FINISHED))


def review_rows(drawn: Drawn, order_no: pa.ChunkedArray, population: Population) -> pa.Table:
    """The reviews in the columns of ``STAGE_REVIEW_COLUMNS``, at most one per order."""
    at = reviewed(drawn, population)
    number = drawn.order_id[at]
    stars = weighted(shares(number, population.seed, "stars"), _STARS)
    said = below(number, len(words.REVIEWS[0]), population.seed, "said")
    texts = [text for of_stars in words.REVIEWS for text in of_stars]
    size = len(at)
    return pa.table(
        {
            "row_no": np.arange(size) + 1,
            "review_no": pa.array(_FIRST_REVIEW_NO + number).cast(pa.string()),
            "order_no": order_no.take(pa.array(at)),
            "nick": text_column(size, words.UNNAMED),
            "variant": text_column(size),
            "rating": pa.array(stars + 1, pa.int16()),
            "content": picked(texts, stars * len(words.REVIEWS[0]) + said),
            "followup": text_column(size),
            "reply": text_column(size),
            "reviewed_at": moments(_reviewed_at(drawn, population.seed)[at]),
            "member_id": pa.nulls(size, pa.int64()),  # that of the order
        }
    )


def _reviewed_at(drawn: Drawn, seed: int) -> Ints:
    return drawn.finished_at + 3_600 + below(drawn.order_id, 6 * _DAY, seed, "reviewed")
