"""What is known of a few members right now, straight from the records: for a chat, or a journey.

Facts are selected by the same statement that projects them into the lake, narrowed to the members'
accounts; traits are those of the figures in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from huitou.brands.models import Brand
from huitou.insight import queries as insight
from huitou.lake.happenings import PRODUCTS, Detail
from huitou.lake.registry import tables
from huitou.members import holders
from huitou.members.attribute_values import current_attributes
from huitou.members.carried import carried_tags
from huitou.members.consent import consents
from huitou.members.ownership import Accounts, owners
from huitou.members.queries import accounts_of
from huitou.segments.files import standing_among
from huitou.segments.judging import Fact, Known, passes
from huitou.segments.levels import Asked, asked_of
from huitou.segments.moments import At
from huitou.segments.rules import Did, Holds, Rule, atoms, traits_of


@dataclass(frozen=True)
class Questions:
    """All that rules ask of a member: found once, and asked of many.

    ``tables`` says by lake table which columns; ``holds`` are the conditions of PostgreSQL.
    """

    traits: frozenset[str]
    tables: Mapping[str, Asked]
    holds: tuple[Holds, ...]


def questions_of(rules: Iterable[Rule]) -> Questions:
    """What the rules ask."""
    asked = list(dict.fromkeys(atom for rule in rules for atom in atoms(rule)))
    dids = [atom for atom in asked if isinstance(atom, Did)]
    holds = tuple(atom for atom in asked if isinstance(atom, Holds))
    found = asked_of(dids)
    for table in found.values():
        if isinstance(table.level, Detail):
            # Whether there is any moves with the parts alone; how often is told by their wholes.
            table.columns.add(table.level.unit)
    return Questions(frozenset(traits_of(asked)), found, holds)


def known_members(
    brand: Brand, member_ids: Sequence[int], rules: Iterable[Rule], at: At
) -> dict[int, Known]:
    """What the rules ask about, of each member; a fixed number of statements for any number."""
    return answered(brand, member_ids, questions_of(rules), at)


def answered(
    brand: Brand, member_ids: Sequence[int], questions: Questions, at: At
) -> dict[int, Known]:
    """What is asked, of each member; as ``known_members``."""
    accounts = accounts_of(brand.pk, member_ids)
    traits = insight.member_traits(brand.pk, member_ids, names=questions.traits)
    facts = {name: _facts(brand, asked, accounts) for name, asked in questions.tables.items()}
    held = _held(brand.pk, questions.holds, accounts, at)
    return {
        member: Known(
            traits.get(member, {}),
            {table: found.get(member, []) for table, found in facts.items()},
            frozenset(atom for atom, members in held.items() if member in members),
        )
        for member in member_ids
    }


def _facts(brand: Brand, asked: Asked, accounts: Accounts) -> dict[int, list[Fact]]:
    """The asked columns of the rows of a lake table by member, each with its product's columns."""
    level, member_of = asked.level, owners(accounts)
    table = tables()[level.table]
    parameters: dict[str, Any] = {"brand_id": brand.pk, "accounts": list(member_of)}
    condition = "member_id = ANY(%(accounts)s)"
    if "currency" in table.schema.names:
        condition += " AND currency = %(currency)s"
        parameters["currency"] = brand.currency
    # What is not asked for is not worked out: some columns take longer than all others together.
    columns = [f"asked.{name}" for name in sorted(asked.columns)]
    source = f"({table.narrowed(condition)}) asked"
    if asked.products and level.product:
        ours, theirs = level.product
        names = tables()[PRODUCTS].schema.names
        columns += [f'product.{name} AS "{PRODUCTS}.{name}"' for name in names]
        # Lateral: else the planner would read the whole catalogue.
        source += (
            f" LEFT JOIN LATERAL (SELECT * FROM ({tables()[PRODUCTS].sql}) t ({', '.join(names)})"
            f" WHERE {theirs} = asked.{ours}) product ON true"
        )
    found: dict[int, list[Fact]] = {}
    for row in _rows(f"SELECT {', '.join(columns)} FROM {source}", parameters):
        found.setdefault(member_of[row["member_id"]], []).append(row)
    return found


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, dict(parameters))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _held(
    brand_id: int, asked: Sequence[Holds], accounts: Accounts, at: At
) -> dict[Holds, set[int]]:
    """Of which of the members each condition of PostgreSQL holds."""
    found: dict[Holds, set[int]] = {}
    kinds = {atom.kind for atom in asked}
    tags = carried_tags(brand_id, accounts, at.instant) if "tag" in kinds else {}
    agreed = consents(brand_id, accounts) if "consent" in kinds else {}
    values = current_attributes(brand_id, accounts) if "attribute" in kinds else {}
    called = holders.identifier_kinds(accounts) if "identity" in kinds else {}
    for atom in asked:
        key, _, rest = atom.key.partition("@")
        if atom.kind == "tag":
            found[atom] = {
                member
                for member, carried in tags.items()
                if int(key) in (tag.tag_id for tag in carried)
            }
        elif atom.kind == "consent":
            channel, _, purpose = key.partition("/")
            found[atom] = {
                member
                for member, matters in agreed.items()
                if (channel, purpose) in matters and matters[channel, purpose].is_granted
            }
        elif atom.kind == "identity":
            found[atom] = {
                m for m, pairs in called.items()
                if any(kind == key and rest in ("", platform) for kind, platform in pairs)
            }  # fmt: skip
        elif atom.kind == "attribute":
            found[atom] = {
                member
                for member, said in values.items()
                if key in said and passes(said[key].value, rest, atom.tests, at)
            }
        else:
            members = np.array(sorted(accounts), dtype=np.int64)
            found[atom] = set(standing_among(brand_id, int(key), members).tolist())
    return found
