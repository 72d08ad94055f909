"""A rule as a flat form, and back: the builder keeps nothing between two requests.

Every condition and group is a node with an id, listed in ``node`` in the order of the tree:
``<id>.p`` is its parent ('' for the root), ``<id>.k`` ``group`` or ``row``, ``<id>.not`` whether
it is turned around. A group has ``<id>.j`` (``all`` or ``any``), a row ``<id>.s``: its subject,
such as ``trait:recency_days``, ``did:order.paid`` or ``tag``. What no row can show is in
``<id>.raw``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from huitou.console.rule_values import (
    UNITS,
    Fields,
    length_data,
    length_fields,
    one,
    point_data,
    point_fields,
    tests_data,
    tests_fields,
    value_data,
)
from huitou.lake.happenings import Happening
from huitou.segments.reading import DEPTH_MAX, MEASURES
from huitou.segments.vocabulary import Vocabulary

ROOT = "root"
# Groups and conditions of one form: beyond, the form is no longer read by anybody.
NODES_MAX = 120
# A group may lie so deep; turned around it takes two levels of the rule.
GROUP_DEPTH_MAX = DEPTH_MAX // 2
# What a subject without a name of its own is.
_PLAIN = ("tag", "segment", "identity", "consent")
# What a window may be; ``cycles`` are the member's own.
WINDOWS = ("within", "cycles", "between", "after", "before")
# What a length follows: one of a unit alone still waits for its number.
_TIMES = ("within", "ago", "ahead")


@dataclass
class Node:
    """A condition or group of the form."""

    id: str
    parent: str
    is_group: bool
    depth: int
    children: list[Node] = field(default_factory=list)


def new_id() -> str:
    """An id no node of any form has."""
    return f"n{secrets.token_hex(4)}"


def nodes_of(fields: Mapping[str, Sequence[str]]) -> dict[str, Node]:
    """The nodes of a form by id, the root first; those without a group above them are left out."""
    found: dict[str, Node] = {}
    for node_id in fields.get("node", ())[:NODES_MAX]:
        parent = one(fields, f"{node_id}.p")
        above = found.get(parent)
        if node_id in found or (above is None) != (not found) or (above and not above.is_group):
            continue
        is_group = one(fields, f"{node_id}.k") == "group"
        node = Node(node_id, parent, is_group, above.depth + 1 if above else 0)
        found[node_id] = node
        if above:
            above.children.append(node)
    return found


class Written:
    """The rule a form says, and where in it each node lies."""

    def __init__(
        self, fields: Mapping[str, Sequence[str]], words: Vocabulary, currency: str
    ) -> None:
        self.fields, self.words, self.currency = fields, words, currency
        self.nodes = nodes_of(fields)
        self.places: dict[str, str] = {}
        self.unfinished: list[str] = []
        root = next(iter(self.nodes.values()), None)
        self.rule: Any = self._top(root) if root else {"all": []}

    def node_at(self, path: str) -> str:
        """The innermost node at or above a place of the rule, as errors name it."""
        path = path.split("→")[0]
        path = "" if path == "rule" else path
        above = [
            place
            for place in self.places
            if not place or path == place or path.startswith((f"{place}.", f"{place}["))
        ]
        return self.places[max(above, key=len)] if above else ROOT

    def _top(self, root: Node) -> Any:
        """One condition that everything is about stands alone, as people write it."""
        data = self._written(root, "")
        lone = isinstance(data, dict) and list(data) == ["all"] and len(data["all"]) == 1
        if not lone:
            return data
        child = self.places["all[0]"]
        self.places = {"": root.id}
        return self._written(self.nodes[child], "")

    def _written(self, node: Node, path: str) -> Any:
        self.places[path] = node.id
        if one(self.fields, f"{node.id}.not"):
            under = f"{path}.not" if path else "not"
            self.places[under] = node.id
            return {"not": self._plain(node, under)}
        return self._plain(node, path)

    def _plain(self, node: Node, path: str) -> Any:
        if not node.is_group:
            return self._row(node)
        join = "any" if one(self.fields, f"{node.id}.j") == "any" else "all"
        under = f"{path}.{join}" if path else join
        finished = [child for child in node.children if self._is_finished(child)]
        return {join: [self._written(c, f"{under}[{n}]") for n, c in enumerate(finished)]}

    def _is_finished(self, node: Node) -> bool:
        """Rows without a subject yet, and groups of nothing else, are left out; rows are noted."""
        if node.is_group:
            finished = [self._is_finished(child) for child in node.children]
            return not finished or any(finished)
        if one(self.fields, f"{node.id}.s") and not _has_blank(self._row(node)):
            return True
        if node.id not in self.unfinished:
            self.unfinished.append(node.id)
        return False

    def _row(self, node: Node) -> Any:
        kind, _, name = one(self.fields, f"{node.id}.s").partition(":")
        if kind == "raw":
            try:
                return json.loads(one(self.fields, f"{node.id}.raw"))
            except json.JSONDecodeError:
                return {}
        if kind == "trait":
            trait = self.words.traits.get(name)
            return {"trait": name, **self._tests(f"{node.id}.v", trait.kind if trait else "")}
        if kind == "attribute":
            word = self.words.attributes.get(name)
            return {"attribute": name, **self._tests(f"{node.id}.v", word.kind if word else "")}
        if kind == "did":
            return self._did(node.id, name)
        chosen = {kind: one(self.fields, f"{node.id}.c")}
        if kind == "consent":
            chosen["purpose"] = one(self.fields, f"{node.id}.d", "marketing")
        elif kind == "identity" and one(self.fields, f"{node.id}.d"):
            chosen["platform"] = one(self.fields, f"{node.id}.d")
        return chosen

    def _tests(self, prefix: str, kind: str) -> dict[str, Any]:
        return tests_data(self.fields, prefix, kind, self.currency)

    def _did(self, at: str, name: str) -> dict[str, Any]:
        data: dict[str, Any] = {"did": name}
        happening = self.words.happenings.get(name)
        where = {}
        for token in self.fields.get(f"{at}.w", ()):
            asked = one(self.fields, f"{at}.w{token}.f")
            if asked:
                where[asked] = self._tests(f"{at}.w{token}", field_kind(happening, asked))
        if where:
            data["where"] = where
        measure = one(self.fields, f"{at}.m")
        if measure in MEASURES:
            of = one(self.fields, f"{at}.of", "amount")
            tests = self._tests(f"{at}.q", measured_kind(happening, measure, of))
            adds = measure in ("sum", "average")
            data[measure] = {"of": of, **tests} if adds else tests
        return data | self._window(at)

    def _window(self, at: str) -> dict[str, Any]:
        kind = one(self.fields, f"{at}.k2")
        if kind == "within":
            return {"within": length_data(self.fields, f"{at}.l")}
        if kind == "cycles":
            cycles = value_data(one(self.fields, f"{at}.l.n"), "decimal", self.currency)
            return {"within": {"cycles": cycles}}
        if kind == "between":
            return {"between": [point_data(self.fields, f"{at}.{end}") for end in ("a", "b")]}
        if kind in ("after", "before"):
            return {kind: point_data(self.fields, f"{at}.a")}
        return {}


def _has_blank(data: Any) -> bool:
    """Whether a condition still waits for a value somewhere."""
    if isinstance(data, Mapping):
        return any(
            _has_blank(value) or (key in _TIMES and value in UNITS) for key, value in data.items()
        )
    if isinstance(data, list):
        return not data or any(map(_has_blank, data))
    return bool(data == "")


def field_kind(happening: Happening | None, name: str) -> str:
    """The kind of a happening's field; '' when there is none of the name."""
    named = happening.named(name) if happening else None
    return named.kind if named else ""


def measured_kind(happening: Happening | None, measure: str, of: str) -> str:
    """The kind of value a measure is compared with."""
    if measure in ("first", "last"):
        return "time"
    return "count" if measure == "count" else field_kind(happening, of) or "count"


def form_of(rule: Any, words: Vocabulary, currency: str) -> Fields:
    """The fields of a rule: what ``Written`` reads as the same rule again."""
    fields: Fields = {"node": []}
    is_group = isinstance(rule, Mapping) and _group_of(rule)[0] is not None
    if is_group:
        _add(fields, rule, "", words, currency, node_id=ROOT)
    else:
        _start(fields, ROOT, "", "group")
        fields[f"{ROOT}.j"] = ["all"]
        _add(fields, rule, ROOT, words, currency)
    return fields


def _start(fields: Fields, node_id: str, parent: str, kind: str) -> None:
    fields["node"].append(node_id)
    fields[f"{node_id}.p"] = [parent]
    fields[f"{node_id}.k"] = [kind]


def _group_of(rule: Mapping[str, Any]) -> tuple[str | None, Any, bool]:
    """(``all`` or ``any``, the parts, whether turned around) of a group; else (None, rule, …)."""
    negated = list(rule) == ["not"] and isinstance(rule["not"], Mapping)
    inner = rule["not"] if negated else rule
    for join in ("all", "any"):
        if list(inner) == [join] and isinstance(inner[join], list):
            return join, inner[join], negated
    if list(inner) == ["not"] and negated:
        return "all", [inner], True  # turned around twice: a group around what is turned once
    return None, inner, negated


def _add(
    fields: Fields, rule: Any, parent: str, words: Vocabulary, currency: str, *, node_id: str = ""
) -> None:
    node_id = node_id or new_id()
    join, inner, negated = _group_of(rule) if isinstance(rule, Mapping) else (None, rule, False)
    _start(fields, node_id, parent, "group" if join else "row")
    if negated:
        fields[f"{node_id}.not"] = ["1"]
    if join:
        fields[f"{node_id}.j"] = [join]
        for part in inner:
            _add(fields, part, node_id, words, currency)
        return
    said = _row_fields(inner, node_id, words, currency)
    fields |= said or {f"{node_id}.s": ["raw:"], f"{node_id}.raw": [_json(inner)]}


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, default=str)


def _row_fields(data: Any, at: str, words: Vocabulary, currency: str) -> Fields | None:
    """The fields of one condition; None for one that no row can show."""
    if not isinstance(data, Mapping):
        return None
    if "trait" in data:
        trait = words.traits.get(str(data["trait"]))
        found = tests_fields(data, f"{at}.v", trait.kind, currency) if trait else {}
        return _kept(data, {"trait"}, found, at, f"trait:{data['trait']}") if trait else None
    if "attribute" in data:
        word = words.attributes.get(str(data["attribute"]))
        found = tests_fields(data, f"{at}.v", word.kind, currency) if word else {}
        subject = f"attribute:{data['attribute']}"
        return _kept(data, {"attribute"}, found, at, subject) if word else None
    if "did" in data:
        happening = words.happenings.get(str(data["did"]))
        return _did_fields(data, at, happening, currency) if happening else None
    for kind in _PLAIN:
        if kind in data:
            beside = {"consent": "purpose", "identity": "platform"}.get(kind, kind)
            if not set(data) <= {kind, beside}:
                return None
            found = {f"{at}.s": [kind], f"{at}.c": [str(data[kind])]}
            if beside != kind and beside in data:
                found[f"{at}.d"] = [str(data[beside])]
            return found
    return None


def _kept(
    data: Mapping[str, Any], beside: set[str], found: Fields, at: str, subject: str
) -> Fields | None:
    """``found`` with its subject, when it holds all that ``data`` says."""
    known = len(found[f"{at}.v.t"]) + len(beside)
    return {f"{at}.s": [subject], **found} if known == len(data) else None


def _did_fields(
    data: Mapping[str, Any], at: str, happening: Happening, currency: str
) -> Fields | None:
    found: Fields = {f"{at}.s": [f"did:{happening.name}"], f"{at}.w": []}
    known = {"did", "where", *MEASURES, "within", "between", "after", "before"}
    where = data.get("where", {})
    if not set(data) <= known or not isinstance(where, Mapping):
        return None
    for number, (name, tests) in enumerate(where.items()):
        kind = field_kind(happening, str(name))
        if not kind or not isinstance(tests, Mapping):
            return None
        found[f"{at}.w"].append(str(number))
        found[f"{at}.w{number}.f"] = [str(name)]
        found |= tests_fields(tests, f"{at}.w{number}", kind, currency)
        if len(found[f"{at}.w{number}.t"]) != len(tests):
            return None
    for measure in MEASURES:
        if measure in data:
            tests = data[measure]
            if not isinstance(tests, Mapping):
                return None
            of = str(tests.get("of", "amount"))
            found |= {f"{at}.m": [measure], f"{at}.of": [of]}
            kind = measured_kind(happening, measure, of)
            found |= tests_fields(tests, f"{at}.q", kind, currency)
    return found | _window_fields(data, at)


def _window_fields(data: Mapping[str, Any], at: str) -> Fields:
    within = data.get("within")
    if isinstance(within, Mapping):
        return {f"{at}.k2": ["cycles"], f"{at}.l.n": [f"{within.get('cycles', '')}"]}
    if within is not None:
        return {f"{at}.k2": ["within"], **length_fields(within, f"{at}.l")}
    between = data.get("between")
    if isinstance(between, list) and len(between) == 2:
        first, last = (
            point_fields(point, f"{at}.{end}") for point, end in zip(between, "ab", strict=True)
        )
        return {f"{at}.k2": ["between"], **first, **last}
    for kind in ("after", "before"):
        if kind in data:
            return {f"{at}.k2": [kind], **point_fields(data[kind], f"{at}.a")}
    return {}
