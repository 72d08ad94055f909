"""What a click in the builder does to the fields of the form, before they are drawn again."""

from __future__ import annotations

from huitou.console.rule_form import ROOT, field_kind, measured_kind, new_id, nodes_of
from huitou.console.rule_values import Fields, one, operators_shown
from huitou.segments.reading import MEASURES
from huitou.segments.vocabulary import TIME_KINDS, Vocabulary

# What a new comparison begins with, by kind of value: an operator, and a value where there is a
# usual one.
_BEGINNINGS: dict[str, tuple[str, str]] = {
    "count": ("gte", "1"),
    "days": ("lte", "30"),
    "score": ("gte", "4"),
    "code": ("in", ""),
    "choice": ("in", ""),
    "text": ("in", ""),
    "shop": ("in", ""),
    "boolean": ("eq", "yes"),
}
_AGO_DAYS = "30"


def settled(fields: Fields, words: Vocabulary) -> Fields:
    """The fields as they belong together: what was chosen decides which others there are.

    A row remembers what it was drawn for (``<id>.was``); when the subject is another, its fields
    begin anew, and so do comparisons of another kind of value (``<prefix>.k0``).
    """
    for node in nodes_of(fields).values():
        if not node.is_group:
            _settle_row(fields, node.id, words)
    return fields


def _settle_row(fields: Fields, at: str, words: Vocabulary) -> None:
    subject = one(fields, f"{at}.s")
    if f"{at}.was" in fields and one(fields, f"{at}.was") != subject:
        kept = {f"{at}.{name}" for name in ("p", "k", "s", "not")}
        for name in [n for n in fields if n.startswith(f"{at}.") and n not in kept]:
            del fields[name]
    kind, _, name = subject.partition(":")
    if kind == "trait" and name in words.traits:
        _settle_tests(fields, f"{at}.v", words.traits[name].kind)
    elif kind == "attribute" and name in words.attributes:
        _settle_tests(fields, f"{at}.v", words.attributes[name].kind)
    elif kind == "did" and name in words.happenings:
        happening = words.happenings[name]
        for token in fields.get(f"{at}.w", ()):
            asked = one(fields, f"{at}.w{token}.f")
            if asked:
                _settle_tests(fields, f"{at}.w{token}", field_kind(happening, asked))
        measure = one(fields, f"{at}.m")
        if measure in MEASURES:
            of = one(fields, f"{at}.of", "amount")
            _settle_tests(fields, f"{at}.q", measured_kind(happening, measure, of))


def _settle_tests(fields: Fields, at: str, kind: str) -> None:
    before = one(fields, f"{at}.k0", kind)
    if before != kind:
        _forget(fields, f"{at}.t", at)
    fields[f"{at}.k0"] = [kind]
    if not fields.get(f"{at}.t"):
        fields[f"{at}.t"] = []
        add_test(fields, at, kind)


def _forget(fields: Fields, tokens: str, at: str) -> None:
    for token in fields.pop(tokens, ()):
        for name in [n for n in fields if n.startswith(f"{at}.{token}.")]:
            del fields[name]


def add_test(fields: Fields, at: str, kind: str) -> None:
    """One more comparison under ``at``, with an operator the others do not have."""
    tokens = fields.setdefault(f"{at}.t", [])
    used = {one(fields, f"{at}.{token}.o") for token in tokens}
    operator, value = _BEGINNINGS.get(kind, ("gte", ""))
    offered = operators_shown(kind)
    free = [name for name in offered if name not in used]
    if not free:
        return
    token = new_id()
    # A range is what people mean by a second comparison.
    wanted = "lte" if tokens and "gte" in used else operator
    fields[f"{at}.t"] = [*tokens, token]
    fields[f"{at}.{token}.o"] = [wanted if wanted in free else free[0]]
    fields[f"{at}.{token}.v"] = [value] if value and not tokens else []
    if kind in TIME_KINDS:
        fields |= {f"{at}.{token}.pk": ["ago"], f"{at}.{token}.n": [_AGO_DAYS]}


def drop_test(fields: Fields, at: str, token: str) -> None:
    """Without the comparison ``token`` of those under ``at``."""
    fields[f"{at}.t"] = [one_ for one_ in fields.get(f"{at}.t", []) if one_ != token]


def add_where(fields: Fields, node_id: str) -> None:
    """One more filter on a happening, its field to be chosen."""
    tokens = fields.setdefault(f"{node_id}.w", [])
    fields[f"{node_id}.w"] = [*tokens, new_id()]


def drop_where(fields: Fields, node_id: str, token: str) -> None:
    """Without one filter on a happening."""
    fields[f"{node_id}.w"] = [one_ for one_ in fields.get(f"{node_id}.w", []) if one_ != token]


def add_node(fields: Fields, parent: str, kind: str) -> str:
    """A new row or group at the end of ``parent``; returns its id."""
    node_id = new_id()
    fields["node"] = [*fields.get("node", []), node_id]
    fields |= {f"{node_id}.p": [parent], f"{node_id}.k": [kind]}
    if kind == "group":
        fields[f"{node_id}.j"] = ["any"]
        add_node(fields, node_id, "row")
    return node_id


def empty_form() -> Fields:
    """A form with one condition to be chosen."""
    fields: Fields = {"node": [ROOT], f"{ROOT}.p": [""], f"{ROOT}.k": ["group"]}
    fields[f"{ROOT}.j"] = ["all"]
    add_node(fields, ROOT, "row")
    return fields
