"""From rule data (JSON or YAML) to the tree, or to an error that says where and what.

Strict: an unknown word, a value of another kind or a part too many is refused, and something that
was deleted is an error too. A rule that cannot be read is never "everyone".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from huitou.kernel.errors import RefusedInputError
from huitou.lake.happenings import SUMMED_KINDS, Field, Happening
from huitou.segments.moments import Ago, Point, parse_length
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
# Years that every engine can hold and a zone can shift.
YEARS = (1900, 2200)

MEASURES = ("count", "sum", "average", "first", "last")
_WINDOWS = ("within", "between", "after", "before")
_NAMED_KINDS = {"money": "number", "count": "number", "days": "number", "score": "number"}


class RuleError(RefusedInputError):
    """A rule that cannot be read; ``path`` says where, such as ``all[2].where.category``."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(code, f"{path or 'rule'}: {message}")
        self.path = path


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
            raise RuleError("SHAPE", path, "a condition is a mapping such as {trait: …}")
        if depth > DEPTH_MAX:
            raise RuleError("LIMIT", path, f"conditions lie at most {DEPTH_MAX} deep")
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
                f"a condition has exactly one of {', '.join(kinds)}, not {_keys(data)}",
            )
        if said[0] not in ("all", "any", "not", "segment"):
            self.conditions += 1
            if self.conditions > CONDITIONS_MAX:
                raise RuleError("LIMIT", path, f"a rule has at most {CONDITIONS_MAX} conditions")
        return kinds[said[0]](data, path, depth)

    def several(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        (key,) = self.only(data, path, ())
        parts = data[key]
        at = _under(path, key)
        if not isinstance(parts, list):
            raise RuleError("SHAPE", at, "is a list of conditions")
        if key == "any" and not parts:
            raise RuleError("SHAPE", at, "needs at least one condition")
        read = tuple(self.rule(part, f"{at}[{n}]", depth + 1) for n, part in enumerate(parts))
        return All(read) if key == "all" else AnyOf(read)

    def negated(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        self.only(data, path, ())
        return Not(self.rule(data["not"], _under(path, "not"), depth + 1))

    def trait(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        name = self.text(data["trait"], _under(path, "trait"))
        trait = self.words.traits.get(name)
        if trait is None:
            raise RuleError("UNKNOWN", path, f"there is no trait {name!r}")
        tests = self.tests(data, path, ("trait",), trait.kind, trait.choices, traits=True)
        return TraitIs(name, tests)

    def did(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        name = self.text(data["did"], _under(path, "did"))
        happening = self.words.happenings.get(name)
        if happening is None:
            raise RuleError(
                "UNKNOWN", path, f"nothing called {name!r} happens; there are "
                f"{', '.join(sorted(self.words.happenings))}",
            )  # fmt: skip
        self.only(data, path, ("did", "where", *MEASURES, *_WINDOWS))
        where = self.where(data.get("where", {}), _under(path, "where"), happening)
        measure = self.measure(data, path, happening, where)
        return Did(name, where, measure, self.window(data, path))

    def where(self, data: Any, path: str, happening: Happening) -> tuple[Where, ...]:
        if not isinstance(data, Mapping):
            raise RuleError("SHAPE", path, "is a mapping of fields to comparisons")
        read = []
        for name, tests in data.items():
            at = _under(path, str(name))
            named = happening.named(str(name))
            if named is None:
                raise RuleError("UNKNOWN", at, f"{happening.name} has no field {name!r}")
            if not isinstance(tests, Mapping):
                raise RuleError("SHAPE", at, "is a comparison such as {in: […]}")
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
            raise RuleError("SHAPE", path, f"has one of {', '.join(MEASURES)}, not {said}")
        kind = said[0]
        at = _under(path, kind)
        given = data[kind]
        if not isinstance(given, Mapping):
            raise RuleError("SHAPE", at, "is a comparison such as {gte: 2}")
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
            raise RuleError("UNKNOWN", path, f"{happening.name} has no field {name!r} to add up")
        parts = happening.detail.fields if happening.detail else ()
        whole = {f.name for f in happening.fields}
        if summed not in parts and any(w.field not in whole for w in where):
            raise RuleError(
                "VALUE", path, f"{name!r} belongs to a whole order and cannot be added up for "
                "some of its lines; use amount or quantity",
            )  # fmt: skip
        return summed

    def window(self, data: Mapping[str, Any], path: str) -> Window:
        said = [key for key in _WINDOWS if key in data]
        if not said:
            return ALWAYS
        if len(said) > 1:
            raise RuleError("SHAPE", path, f"has one of {', '.join(_WINDOWS)}, not {said}")
        kind, given = said[0], data[said[0]]
        at = _under(path, kind)
        if kind == "within" and isinstance(given, Mapping):
            self.only(given, at, ("cycles",))
            return Window(cycles=self.number(given.get("cycles"), at, above=0, most=CYCLES_MAX))
        if kind == "within":
            return Window(within=_length(given, at))
        if kind == "between":
            if not isinstance(given, list) or len(given) != 2:
                raise RuleError("SHAPE", at, "is a list of two times")
            return Window(first=_point(given[0], f"{at}[0]"), last=_point(given[1], f"{at}[1]"))
        if kind == "after":
            return Window(first=_point(given, at))
        return Window(last=_point(given, at))

    def tag(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        self.only(data, path, ("tag",))
        word = self.text(data["tag"], _under(path, "tag"))
        if word not in self.words.tags:
            raise RuleError("GONE", path, f"there is no tag {word!r}; was it deleted or renamed?")
        found = self.words.tags[word]
        if found is None:
            raise RuleError("VALUE", path, f"several groups have a tag {word!r}: say group/{word}")
        return Holds("tag", found.key, found.word)

    def attribute(self, data: Mapping[str, Any], path: str, depth: int) -> Rule:
        code = self.text(data["attribute"], _under(path, "attribute"))
        found = self.words.attributes.get(code)
        if found is None:
            raise RuleError("GONE", path, f"there is no attribute {code!r}; was it retired?")
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
        slug = self.text(data["segment"], _under(path, "segment"))
        found = self.words.segments.get(slug)
        if found is None:
            raise RuleError("GONE", path, f"there is no segment {slug!r}; was it deleted?")
        if found.rule is None:
            return Holds("segment", found.key, found.word)
        if slug in self.inside:
            circle = " → ".join([*self.inside[self.inside.index(slug) :], slug])
            raise RuleError("CIRCLE", path, f"segments name each other in a circle: {circle}")
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
            at = _under(path, operator)
            given = data[operator]
            if operator == "known":
                if not isinstance(given, bool):
                    raise RuleError("VALUE", at, "is true or false")
                read.append(Comparison(operator, given))
            elif operator == "in":
                if not isinstance(given, list) or not given:
                    raise RuleError("SHAPE", at, "is a list of values")
                if len(given) > LIST_MAX:
                    raise RuleError("LIMIT", at, f"a list has at most {LIST_MAX:,} values")
                values = [
                    self.value(one, f"{at}[{n}]", kind, choices) for n, one in enumerate(given)
                ]
                read.append(Comparison(operator, tuple(dict.fromkeys(values))))
            elif traits and isinstance(given, Mapping) and "trait" in given:
                read.append(Comparison(operator, self.other_trait(given, at, kind)))
            else:
                read.append(Comparison(operator, self.value(given, at, kind, choices)))
        if not read:
            raise RuleError("SHAPE", path, f"needs a comparison: one of {', '.join(allowed)}")
        return tuple(read)

    def other_trait(self, given: Mapping[str, Any], path: str, kind: str) -> OfTrait:
        self.only(given, path, ("trait", "times"))
        name = self.text(given["trait"], _under(path, "trait"))
        other = self.words.traits.get(name)
        if other is None:
            raise RuleError("UNKNOWN", path, f"there is no trait {name!r}")
        if not comparable(kind, other.kind):
            raise RuleError("VALUE", path, f"a {kind} cannot be compared with a {other.kind}")
        times = self.number(given.get("times", 1), _under(path, "times"), above=0, most=1_000_000)
        if times != 1 and kind not in NUMBER_KINDS | DECIMAL_KINDS:
            raise RuleError("VALUE", path, "only numbers can be taken times over")
        return OfTrait(name, times)

    def value(self, given: Any, path: str, kind: str, choices: tuple[str, ...]) -> Any:
        if kind in TIME_KINDS:
            return _point(given, path)
        if kind in NUMBER_KINDS or kind == "integer":
            return self.whole(given, path)
        if kind in DECIMAL_KINDS or kind == "decimal":
            return self.number(given, path, above=-NUMBER_MAX, most=NUMBER_MAX)
        if kind == "boolean":
            if not isinstance(given, bool):
                raise RuleError("VALUE", path, "is true or false")
            return given
        if kind == "shop":
            shop = self.words.shops.get(self.text(given, path))
            if shop is None:
                raise RuleError("GONE", path, f"there is no shop {given!r}")
            return int(shop.key)
        text = self.text(given, path)
        if choices and text not in choices:
            raise RuleError("VALUE", path, f"{text!r} is none of {', '.join(choices)}")
        return text

    def whole(self, given: Any, path: str) -> int:
        if isinstance(given, bool) or not isinstance(given, int) or abs(given) > NUMBER_MAX:
            raise RuleError("VALUE", path, f"{given!r} is no whole number; money is in minor units")
        return given

    def number(self, given: Any, path: str, *, above: float, most: float) -> float:
        fits = isinstance(given, int | float) and not isinstance(given, bool)
        if not fits or not math.isfinite(given) or not above < given <= most:
            raise RuleError("VALUE", path, f"{given!r} is no number above {above:g} up to {most:g}")
        return float(given)

    def text(self, given: Any, path: str) -> str:
        if not isinstance(given, str) or not given:
            raise RuleError("VALUE", path, f"{given!r} is no text")
        if len(given) > TEXT_CHARS_MAX or "\x00" in given:
            raise RuleError("LIMIT", path, f"a text has at most {TEXT_CHARS_MAX} plain characters")
        return given

    def one_of(self, given: Any, path: str, key: str, known: tuple[str, ...]) -> str:
        text = self.text(given, _under(path, key))
        if text not in known:
            raise RuleError("UNKNOWN", path, f"{key} {text!r} is none of {', '.join(known)}")
        return text

    def only(self, data: Mapping[str, Any], path: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of ``data``; refused when one is not ``allowed`` (if empty: a second one)."""
        unknown = [key for key in data if key not in allowed] if allowed else list(data)[1:]
        if unknown:
            raise RuleError("SHAPE", path, f"{_keys(unknown)} does not belong here")
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


def _point(given: Any, path: str) -> Point:
    point = _read_point(given, path)
    if isinstance(point, date) and not YEARS[0] <= point.year <= YEARS[1]:
        raise RuleError("VALUE", path, f"year {point.year} is not from {YEARS[0]} to {YEARS[1]}")
    return point


def _read_point(given: Any, path: str) -> Point:
    if isinstance(given, datetime):
        return _aware(given, path)
    if isinstance(given, date):
        return given
    if isinstance(given, Mapping):
        if len(given) == 1 and next(iter(given)) in ("ago", "ahead"):
            ((key, length),) = given.items()
            return Ago(_length(length, _under(path, key)), ahead=key == "ahead")
        raise RuleError("SHAPE", path, "a relative time is {ago: 30d} or {ahead: 7d}")
    if isinstance(given, str):
        try:
            if len(given) == len("2024-01-31"):
                return date.fromisoformat(given)
            return _aware(datetime.fromisoformat(given), path)
        except ValueError:
            pass
    raise RuleError(
        "VALUE", path, f"{given!r} is no date (2024-01-31), no time with its offset "
        "(2024-01-31T08:00:00+08:00), and not {ago: 30d}",
    )  # fmt: skip


def _aware(instant: datetime, path: str) -> datetime:
    if instant.tzinfo is None:
        raise RuleError("VALUE", path, f"{instant.isoformat()} needs its offset, such as +08:00")
    return instant


def _length(given: Any, path: str) -> Any:
    if not isinstance(given, str):
        raise RuleError("VALUE", path, f"{given!r} is no length such as 90d")
    try:
        return parse_length(given)
    except RefusedInputError as error:
        raise RuleError("VALUE", path, str(error)) from None


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _keys(data: Any) -> str:
    return ", ".join(repr(str(key)[:40]) for key in list(data)[:5])
