"""Conditions only PostgreSQL can answer, each as the members of whom it holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from huitou.members import holders
from huitou.members.components import Ints
from huitou.members.tagged import tagged_members
from huitou.segments.files import standing_members
from huitou.segments.judging import passes
from huitou.segments.moments import At
from huitou.segments.rules import Holds


def numbered(answers: Sequence[Ints]) -> pa.Table:
    """Rows of (number of the condition, member), of all ``answers``."""
    nothing = np.array([], dtype=np.int64)
    numbers = [np.full(found.size, number, dtype=np.int64) for number, found in enumerate(answers)]
    return pa.table(
        {
            "holding": np.concatenate([*numbers, nothing]),
            "member_id": np.concatenate([*answers, nothing]),
        }
    )


def members_of(brand_id: int, atom: Holds, at: At) -> Ints:
    """The members of whom one condition holds.

    Tags count as carried at the instant; consent, identifiers and attributes are those of now.
    """
    if atom.kind == "tag":
        carriers = tagged_members(brand_id, [int(atom.key)], at.instant)
        return np.unique(np.concatenate([*carriers, np.array([], dtype=np.int64)]))
    if atom.kind == "consent":
        channel, _, purpose = atom.key.partition("/")
        return holders.consenting_members(brand_id, channel, purpose)
    if atom.kind == "identity":
        kind, _, platform = atom.key.partition("@")
        return holders.identified_members(brand_id, kind, platform)
    if atom.kind == "segment":
        return standing_members(brand_id, int(atom.key))
    code, _, value_kind = atom.key.partition("@")
    values = holders.attribute_values(brand_id, code)
    passed = [member for member, value in values if passes(value, value_kind, atom.tests, at)]
    return np.array(passed, dtype=np.int64)
