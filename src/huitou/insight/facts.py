"""What the room knows of members."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from huitou.members.facts import register


def register_facts() -> None:
    """Answer for ``traits``: name → value of each member."""
    register("traits", _traits)


def _traits(
    brand_id: int, member_ids: Sequence[int], _now: datetime
) -> Mapping[int, Mapping[str, Any]]:
    # Loads the analytic engine, which only pages that ask need.
    found: Mapping[int, Mapping[str, Any]] = importlib.import_module(
        "huitou.insight.queries"
    ).member_traits(brand_id, member_ids)
    return found
