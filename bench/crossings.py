"""Segments side by side over 1 M members, 10 M orders and 20 M lines: what a page waits for.

Each figure is what one page computes, best of several, after a first run that compiles; the first
run stands beside it. It runs in a process of its own, with DuckDB held to a limit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from bench import segments
from bench.ground import measured_apart
from bench.insight_refresh import AS_OF, MEMORY_MIB
from bench.report import Figure

ROUNDS = 3
PAGE_S = 1.0
CHOSEN = ("s0", "s1", "s2", "s3", "s4")


def run() -> list[Figure]:
    """Measure in a child process with a memory limit for DuckDB."""
    found = measured_apart("crossings", HUITOU_LAKE_MEMORY_MIB=str(MEMORY_MIB))
    return [
        Figure("crossings", name, f"{best:.2f} s (first {first:.2f})", "≤ 1 s", best <= PAGE_S)
        for name, (first, best) in found.items()
    ]


def _measure() -> dict[str, tuple[float, float]]:
    from bench.ground import installation

    with installation():
        from django.utils import timezone

        from huitou.brands.models import Brand
        from huitou.segments import refreshing
        from huitou.segments.comparing import compare
        from huitou.segments.dimensions import SHOPS, USUAL
        from huitou.segments.drilling import Path as Way
        from huitou.segments.drilling import PathStep, drill_down
        from huitou.segments.matrices import matrix
        from huitou.segments.overlaps import overlap
        from huitou.segments.services import put_segment

        brand = Brand.objects.create(
            slug="bench", name="Bench", currency="CNY", time_zone="UTC", pinned_as_of=AS_OF
        )
        segments.populate(brand)
        rules = [
            {"trait": "recency_days", "lte": 120},
            {"trait": "frequency", "gte": 8},
            {"trait": "monetary_minor", "gte": 100_000},
            {"trait": "lifecycle_stage", "in": ["active", "silent"]},
            {"not": {"trait": "rfm_group", "eq": "no_value"}},
        ]
        for slug, rule in zip(CHOSEN, rules, strict=True):
            put_segment(brand=brand, slug=slug, name=slug, rule=rule, now=timezone.now())
        refreshing.refresh(brand)
        steps = (
            PathStep(rules[0]),
            PathStep(rules[1], meets=False),
            PathStep({"did": "order.paid", "within": "30d"}),
        )
        pages: dict[str, Callable[[], Any]] = {
            "drill, no step": lambda: drill_down(brand, Way(), by=USUAL),
            "drill, two steps on traits": lambda: drill_down(brand, Way("", steps[:2])),
            "drill, a third on orders": lambda: drill_down(brand, Way("", steps)),
            "matrix of traits": lambda: matrix(brand, "rfm_group", "main_category"),
            "matrix by shops": lambda: matrix(brand, "lifecycle_stage", SHOPS),
            "overlap of five": lambda: overlap(brand, CHOSEN),
            "comparison of five, kept figures forgotten": lambda: _anew(brand),
            "comparison of five, seen before": lambda: compare(brand, CHOSEN),
        }
        return {name: _timed(page) for name, page in pages.items()}


def _anew(brand: Any) -> None:
    from huitou.segments import comparing

    comparing._profiles.cache_clear()
    comparing.compare(brand, CHOSEN)


def _timed(page: Callable[[], Any]) -> tuple[float, float]:
    times = []
    for _ in range(1 + ROUNDS):
        start = time.perf_counter()
        page()
        times.append(time.perf_counter() - start)
    return times[0], min(times[1:])


if __name__ == "__main__":
    print(json.dumps(_measure()))
