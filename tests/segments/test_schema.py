"""The published schema accepts every rule the reader does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings

from huitou.segments.schema import rule_schema
from tests.segments.strategies import RULE

PUBLISHED = Path(__file__).parents[2] / "docs" / "segment-rule.schema.json"


def test_the_published_schema_is_the_codes() -> None:
    # Written by: huitou segment schema > docs/segment-rule.schema.json
    assert json.loads(PUBLISHED.read_text("utf-8")) == rule_schema()


@settings(max_examples=200, deadline=None)
@given(RULE)
def test_every_rule_that_can_be_read_fits_the_schema(rule: dict[str, Any]) -> None:
    jsonschema_rs.validator_for(rule_schema()).validate(rule)


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"any": []},
        {"trait": "age", "gt": 1},
        {"trait": "recency_days"},
        {"trait": "recency_days", "lte": "30"},
        {"trait": "rfm_group", "eq": "best"},
        {"did": "order.paid", "where": {"colour": {"eq": "red"}}},
        {"did": "order.paid", "within": "ninety"},
        {"did": "order.paid", "count": {"gte": 1}, "sum": {"gte": 1}},
        {"tag": "vip", "segment": "recent"},
    ],
    ids=str,
)
def test_the_schema_refuses_what_the_reader_does(rule: dict[str, Any]) -> None:
    assert not jsonschema_rs.validator_for(rule_schema()).is_valid(rule)
