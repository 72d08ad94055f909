"""From rule data (JSON or YAML) to the tree, or to an error that says where and what.

Strict: an unknown word, a value of another kind or a part too many is refused, and something that
was deleted is an error too. A rule that cannot be read is never "everyone".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_noop as _

from huitou.lake.happenings import SUMMED_KINDS, Field, Happening
from huitou.segments.errors import RuleError, gone, no_field, several_of, under
from huitou.segments.reading_times import read_length, read_point
from huitou.segments.rules import (
    ALWAYS,
    AT_LEAST_ONE,
    ORDERING,
    All,
    AnyOf,
    Comparison,
    Did,
    Holds,
    Measure,
    Named,
    Not,
    OfTrait,
    Rule,
    TraitIs,
    Where,
    Window,
)
from huitou.segments.vocabulary import DECIMAL_KINDS, NUMBER_KINDS, TIME_KINDS, Vocabulary

# A person reads no deeper; and every level costs the engine a plan.
DEPTH_MAX = 8
# Conditions of one rule, those of the segments it names among them.
CONDITIONS_MAX = 60
LIST_MAX = 1_000
TEXT_CHARS_MAX = 200
# PostgreSQL's and the lake's bigint.
NUMBER_MAX = 2**63 - 1
CYCLES_MAX = 100

MEASURES = ("count", "sum", "average", "first", "last")
_WINDOWS = ("within", "between", "after", "before")
_NAMED_KINDS = {"money": "number", "count": "number", "days": "number", "score": "number"}


def read_rule(data: Any, vocabulary: Vocabulary) -> Rule:
    """The tree of ``data``.

    Raises ``RuleError``: ``SHAPE``, ``UNKNOWN``, ``GONE``, ``VALUE``, ``LIMIT``, ``CIRCLE``.
    """
    return _Reader(vocabulary).rule(data, "", 0)


class _Reader:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.words = vocabulary
        self.conditions = 0
        self.inside: list[str] = []

    def rule(self, data: Any, path: str, depth: int) -> Rule:
        if not isinstance(data, Mapping) or not data:
            raise RuleError("SHAPE", path, _("a condition is a mapping such as {trait: …}"))
        if depth > DEPTH_MAX:
            raise RuleError(
                "LIMIT", path, _("conditions lie at most %(number)s deep"), number=DEPTH_MAX
            )
        kinds: dict[str, Callable[[Mapping[str, Any], str, int], Rule]] = {
            "all": self.several,
            "any": self.several,
            "not": self.negated,
            "trait": self.trait,
            "did": self.did,
            "tag": self.tag,
            "attribute": self.attribute,
            "identity": self.identity,
            "consent": self.consent,
            "segment": self.segment,
        }
        said = [key for key in data if key in kinds]
        if len(said) != 1:
            raise RuleError(
                "SHAPE",
                path,
                _("a condition has exactly one of %(known)s, not %(found)s"),
                known=", ".join(kinds),
                found=_keys(data),
            )
        if said[0] not in ("all", "any", "not", "segment"):
            self.conditions += 1
            if self.conditions > CONDITIONS_MAX:
                raise RuleError(
                    "LIMIT",
                    path,
                    _("a rule has at most %(number)s conditions"),
                    number=CONDITIONS_MAX,
                )
        return kinds[said[0]](data, path, depth)

    def several(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        (key,) = self.only(data, path, ())
        parts = data[key]
        at = under(path, key)
        if not isinstance(parts, list):
            raise RuleError("SHAPE", at, _("is a list of conditions"))
        if key == "any" and not parts:
            raise RuleError("SHAPE", at, _("needs at least one condition"))
        read = tuple(self.rule(part, f"{at}[{n}]", depth + 1) for n, part in enumerate(parts))
        return All(read) if key == "all" else AnyOf(read)

    def negated(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        self.only(data, path, ())
        return Not(self.rule(data["not"], under(path, "not"), depth + 1))

    def trait(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        name = self.text(data["trait"], under(path, "trait"))
        trait = self.words.traits.get(name)
        if trait is None:
            raise RuleError("UNKNOWN", path, _("there is no trait %(name)s"), name=repr(name))
        tests = self.tests(data, path, ("trait",), trait.kind, trait.choices, traits=True)
        return TraitIs(name, tests)

    def did(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        name = self.text(data["did"], under(path, "did"))
        happening = self.words.happenings.get(name)
        if happening is None:
            raise RuleError(
                "UNKNOWN",
                path,
                _("nothing called %(name)s happens; there are %(known)s"),
                name=repr(name),
                known=", ".join(sorted(self.words.happenings)),
            )
        self.only(data, path, ("did", "where", *MEASURES, *_WINDOWS))
        where = self.where(data.get("where", {}), under(path, "where"), happening)
        measure = self.measure(data, path, happening, where)
        return Did(name, where, measure, self.window(data, path))

    def where(self, data: Any, path: str, happening: Happening) -> tuple[Where, ...]:
        if not isinstance(data, Mapping):
            raise RuleError("SHAPE", path, _("is a mapping of fields to comparisons"))
        read = []
        for name, tests in data.items():
            at = under(path, str(name))
            named = happening.named(str(name))
            if named is None:
                raise no_field(happening, str(name), at)
            if not isinstance(tests, Mapping):
                raise RuleError("SHAPE", at, _("is a comparison such as {in: […]}"))
            read.append(Where(named.name, self.tests(tests, at, (), named.kind)))
        return tuple(read)

    def measure(
        self,
        data: Mapping[str, Any],
        path: str,
        happening: Happening,
        where: tuple[Where, ...],
    ) -> Measure:
        said = [key for key in MEASURES if key in data]
        if not said:
            return AT_LEAST_ONE
        if len(said) > 1:
            raise several_of(path, MEASURES, said)
        kind = said[0]
        at = under(path, kind)
        given = data[kind]
        if not isinstance(given, Mapping):
            raise RuleError("SHAPE", at, _("is a comparison such as {gte: 2}"))
        if kind in ("first", "last"):
            return Measure(kind, "", self.tests(given, at, (), "time"))
        if kind == "count":
            return Measure(kind, "", self.tests(given, at, (), "count"))
        name = given.get("of", "amount")
        summed = self.summed(str(name), at, happening, where)
        return Measure(kind, summed.name, self.tests(given, at, ("of",), summed.kind))

    def summed(self, name: str, path: str, happening: Happening, where: tuple[Where, ...]) -> Field:
        summed = happening.named(name)
        if summed is None or summed.kind not in SUMMED_KINDS:
            raise RuleError(
                "UNKNOWN",
                path,
                _("%(happening)s has no field %(name)s to add up"),
                happening=happening.name,
                name=repr(name),
            )
        parts = happening.detail.fields if happening.detail else ()
        whole = {f.name for f in happening.fields}
        if summed not in parts and any(w.field not in whole for w in where):
            raise RuleError(
                "VALUE",
                path,
                _(
                    "%(name)s belongs to a whole order and cannot be added up for some of its"
                    " lines; use amount or quantity"
                ),
                name=repr(name),
            )
        return summed

    def window(self, data: Mapping[str, Any], path: str) -> Window:
        said = [key for key in _WINDOWS if key in data]
        if not said:
            return ALWAYS
        if len(said) > 1:
            raise several_of(path, _WINDOWS, said)
        kind, given = said[0], data[said[0]]
        at = under(path, kind)
        if kind == "within" and isinstance(given, Mapping):
            self.only(given, at, ("cycles",))
            return Window(cycles=self.number(given.get("cycles"), at, above=0, most=CYCLES_MAX))
        if kind == "within":
            return Window(within=read_length(given, at))
        if kind == "between":
            if not isinstance(given, list) or len(given) != 2:
                raise RuleError("SHAPE", at, _("is a list of two times"))
            return Window(
                first=read_point(given[0], f"{at}[0]"), last=read_point(given[1], f"{at}[1]")
            )
        if kind == "after":
            return Window(first=read_point(given, at))
        return Window(last=read_point(given, at))

    def tag(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        self.only(data, path, ("tag",))
        word = self.text(data["tag"], under(path, "tag"))
        if word not in self.words.tags:
            raise gone(path, _("there is no tag %(name)s; was it deleted or renamed?"), word)
        found = self.words.tags[word]
        if found is None:
            message = _("several groups have a tag %(name)s: say group/%(tag)s")
            raise RuleError("VALUE", path, message, name=repr(word), tag=word)
        return Holds("tag", found.key, found.word)

    def attribute(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        code = self.text(data["attribute"], under(path, "attribute"))
        found = self.words.attributes.get(code)
        if found is None:
            raise gone(path, _("there is no attribute %(name)s; was it retired?"), code)
        tests = self.tests(data, path, ("attribute",), found.kind, found.choices)
        return Holds("attribute", f"{found.key}@{found.kind}", found.word, tests)

    def identity(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        self.only(data, path, ("identity", "platform"))
        kind = self.one_of(data["identity"], path, "identity", self.words.identity_kinds)
        if "platform" not in data:
            return Holds("identity", f"{kind}@", kind)
        platform = self.one_of(data["platform"], path, "platform", self.words.platforms)
        return Holds("identity", f"{kind}@{platform}", kind)

    def consent(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        self.only(data, path, ("consent", "purpose"))
        channel = self.one_of(data["consent"], path, "consent", self.words.channels)
        purpose = self.one_of(
            data.get("purpose", "marketing"), path, "purpose", self.words.purposes
        )
        return Holds("consent", f"{channel}/{purpose}", channel)

    def segment(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        self.only(data, path, ("segment",))
        slug = self.text(data["segment"], under(path, "segment"))
        found = self.words.segments.get(slug)
        if found is None:
            raise gone(path, _("there is no segment %(name)s; was it deleted?"), slug)
        if found.rule is None:
            return Holds("segment", found.key, found.word)
        if slug in self.inside:
            circle = " → ".join([*self.inside[self.inside.index(slug) :], slug])
            message = _("segments name each other in a circle: %(circle)s")
            raise RuleError("CIRCLE", path, message, circle=circle)
        self.inside.append(slug)
        try:
            inner = self.rule(found.rule, f"{path or 'rule'}→{slug}", depth + 1)
        finally:
            self.inside.pop()
        return Named(slug, inner, found.word)

    def tests(
        self,
        data: Mapping[str, Any],
        path: str,
        beside: tuple[str, ...],
        kind: str,
        choices: tuple[str, ...] = (),
        *,
        traits: bool = False,
    ) -> tuple[Comparison, ...]:
        """The comparisons of ``data``, of a value of ``kind``."""
        allowed = operators_of(kind)
        self.only(data, path, (*beside, *allowed))
        read = []
        for operator in allowed:
            if operator not in data:
                continue
            at = under(path, operator)
            given = data[operator]
            if operator == "known":
                if not isinstance(given, bool):
                    raise RuleError("VALUE", at, _("is true or false"))
                read.append(Comparison(operator, given))
            elif operator == "in":
                if not isinstance(given, list) or not given:
                    raise RuleError("SHAPE", at, _("is a list of values"))
                if len(given) > LIST_MAX:
                    message = _("a list has at most %(number)s values")
                    raise RuleError("LIMIT", at, message, number=f"{LIST_MAX:,}")
                values = [
                    self.value(one, f"{at}[{n}]", kind, choices) for n, one in enumerate(given)
                ]
                read.append(Comparison(operator, tuple(dict.fromkeys(values))))
            elif traits and isinstance(given, Mapping) and "trait" in given:
                read.append(Comparison(operator, self.other_trait(given, at, kind)))
            else:
                read.append(Comparison(operator, self.value(given, at, kind, choices)))
        if not read:
            message = _("needs a comparison: one of %(known)s")
            raise RuleError("SHAPE", path, message, known=", ".join(allowed))
        return tuple(read)

    def other_trait(self, given: Mapping[str, Any], path: str, kind: str) -> OfTrait:
        self.only(given, path, ("trait", "times"))
        name = self.text(given["trait"], under(path, "trait"))
        other = self.words.traits.get(name)
        if other is None:
            raise RuleError("UNKNOWN", path, _("there is no trait %(name)s"), name=repr(name))
        if not comparable(kind, other.kind):
            message = _("a %(kind)s cannot be compared with a %(other)s")
            raise RuleError("VALUE", path, message, kind=kind, other=other.kind)
        times = self.number(given.get("times", 1), under(path, "times"), above=0, most=1_000_000)
        if times != 1 and kind not in NUMBER_KINDS | DECIMAL_KINDS:
            raise RuleError("VALUE", path, _("only numbers can be taken times over"))
        return OfTrait(name, times)

    def value(self, given: Any, path: str, kind: str, choices: tuple[str, ...]) -> Any:
        if kind in TIME_KINDS:
            return read_point(given, path)
        if kind in NUMBER_KINDS or kind == "integer":
            return self.whole(given, path)
        if kind in DECIMAL_KINDS or kind == "decimal":
            return self.number(given, path, above=-NUMBER_MAX, most=NUMBER_MAX)
        if kind == "boolean":
            if not isinstance(given, bool):
                raise RuleError("VALUE", path, _("is true or false"))
            return given
        if kind == "shop":
            shop = self.words.shops.get(self.text(given, path))
            if shop is None:
                raise gone(path, _("there is no shop %(name)s"), given)
            return int(shop.key)
        text = self.text(given, path)
        if choices and text not in choices:
            message = _("%(value)s is none of %(known)s")
            raise RuleError("VALUE", path, message, value=repr(text), known=", ".join(choices))
        return text

    def whole(self, given: Any, path: str) -> int:
        if isinstance(given, bool) or not isinstance(given, int) or abs(given) > NUMBER_MAX:
            message = _("%(value)s is no whole number; money is in minor units")
            raise RuleError("VALUE", path, message, value=repr(given))
        return given

    def number(self, given: Any, path: str, *, above: float, most: float) -> float:
        fits = isinstance(given, int | float) and not isinstance(given, bool)
        if not fits or not math.isfinite(given) or not above < given <= most:
            message = _("%(value)s is no number above %(above)s up to %(most)s")
            raise RuleError(
                "VALUE", path, message, value=repr(given), above=f"{above:g}", most=f"{most:g}"
            )
        return float(given)

    def text(self, given: Any, path: str) -> str:
        if not isinstance(given, str) or not given:
            raise RuleError("VALUE", path, _("%(value)s is no text"), value=repr(given))
        if len(given) > TEXT_CHARS_MAX or "\x00" in given:
            message = _("a text has at most %(number)s plain characters")
            raise RuleError("LIMIT", path, message, number=TEXT_CHARS_MAX)
        return given

    def one_of(self, given: Any, path: str, key: str, known: tuple[str, ...]) -> str:
        text = self.text(given, under(path, key))
        if text not in known:
            message = _("%(key)s %(value)s is none of %(known)s")
            raise RuleError(
                "UNKNOWN", path, message, key=key, value=repr(text), known=", ".join(known)
            )
        return text

    def only(self, data: Mapping[str, Any], path: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of ``data``; refused when one is not ``allowed`` (if empty: a second one)."""
        unknown = [key for key in data if key not in allowed] if allowed else list(data)[1:]
        if unknown:
            raise RuleError("SHAPE", path, _("%(keys)s does not belong here"), keys=_keys(unknown))
        return tuple(data)


def comparable(kind: str, other: str) -> bool:
    """Whether a trait of one kind can be held against one of another."""
    return _NAMED_KINDS.get(other, other) == _NAMED_KINDS.get(kind, kind)


def operators_of(kind: str) -> tuple[str, ...]:
    """The comparisons a kind of value takes."""
    if kind in NUMBER_KINDS | DECIMAL_KINDS or kind in ("integer", "decimal"):
        return ("eq", "in", *ORDERING, "known")
    if kind in TIME_KINDS:
        return ("eq", *ORDERING, "known")
    if kind == "boolean":
        return ("eq", "known")
    if kind in ("code", "shop", "choice"):
        return ("eq", "in", "known")
    return ("eq", "in", "contains", "known")


def _keys(data: Any) -> str:
    return ", ".join(repr(str(key)[:40]) for key in list(data)[:5])
