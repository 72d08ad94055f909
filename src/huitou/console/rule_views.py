"""The builder's form as templates draw it: every field with its name, value and choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from huitou.console.rule_form import (
    GROUP_DEPTH_MAX,
    WINDOWS,
    Node,
    field_kind,
    measured_kind,
    nodes_of,
)
from huitou.console.rule_values import UNITS, Fields, listed, one, operators_shown
from huitou.console.rule_words import Option, OptionGroup, RuleWords, happening_fields, options
from huitou.kernel.money import SYMBOLS
from huitou.lake.happenings import SUMMED_KINDS, Happening
from huitou.segments.reading import MEASURES, ORDERING
from huitou.segments.vocabulary import TIME_KINDS

Values = list[tuple[str, str]]


@dataclass(frozen=True)
class PointView:
    """A point in time under ``at``; ``kind`` is ago, ahead, day or instant."""

    at: str
    kind: str
    kinds: list[Option]
    number: str
    units: list[Option]
    day: str
    instant: str


@dataclass(frozen=True)
class ComparisonView:
    """One comparison under ``at``; ``widget`` says which fields its value has."""

    token: str
    at: str
    operators: list[Option]
    widget: str  # none, trait, ticks, list, choice, point, number, text
    value: str = ""
    choices: list[Option] = field(default_factory=list)
    more: str = ""
    is_open: bool = False  # values beside the choices may be typed
    modes: list[Option] = field(default_factory=list)
    others: list[Option] = field(default_factory=list)
    times: str = ""
    unit: str = ""
    point: PointView | None = None

    @property
    def chosen_text(self) -> str:
        """What is ticked and typed, in words."""
        ticked = [option.text for option in self.choices if option.is_chosen]
        return ", ".join(filter(None, [*ticked, self.more]))


@dataclass(frozen=True)
class ComparisonsView:
    """The comparisons of one value, under ``at``."""

    at: str
    kind: str
    tests: list[ComparisonView]
    may_add: bool


@dataclass(frozen=True)
class WhereView:
    """A filter on a field of a happening, under ``at``."""

    token: str
    at: str
    fields: list[Option]
    tests: ComparisonsView | None


@dataclass(frozen=True)
class DidView:
    """What is asked of happenings."""

    wheres: list[WhereView]
    measures: list[Option]
    of: list[Option]
    tests: ComparisonsView | None
    window: str
    windows: list[Option]
    number: str
    units: list[Option]
    first: PointView | None
    last: PointView | None


@dataclass(frozen=True)
class NodeView:
    """A group or a condition with everything below it."""

    id: str
    parent: str
    is_group: bool
    is_root: bool
    is_negated: bool
    join: str
    may_nest: bool
    children: list[NodeView]
    subject: str = ""
    subjects: list[OptionGroup] = field(default_factory=list)
    tests: ComparisonsView | None = None
    did: DidView | None = None
    choices: list[Option] = field(default_factory=list)
    details: list[Option] = field(default_factory=list)
    raw: str = ""
    error: str = ""


class Drawn:
    """A form drawn: ``node`` gives the view of one node with all below it."""

    def __init__(
        self,
        fields: Fields,
        known: RuleWords,
        *,
        slug: str = "",
        errors: Mapping[str, str] | None = None,
    ) -> None:
        self.fields, self.known, self.slug = fields, known, slug
        self.errors = errors or {}
        self.nodes = nodes_of(fields)

    def root(self) -> NodeView:
        """The whole tree."""
        return self.node(next(iter(self.nodes)))

    def node(self, node_id: str) -> NodeView:
        """One node with all below it."""
        return self._node(self.nodes[node_id])

    def _one(self, name: str, default: str = "") -> str:
        return one(self.fields, name, default)

    def _node(self, node: Node) -> NodeView:
        row: dict[str, Any] = {} if node.is_group else self._row(node.id)
        return NodeView(
            id=node.id,
            parent=node.parent,
            is_group=node.is_group,
            is_root=not node.parent,
            is_negated=bool(self._one(f"{node.id}.not")),
            join="any" if self._one(f"{node.id}.j") == "any" else "all",
            may_nest=node.depth + 1 < GROUP_DEPTH_MAX,
            children=[self._node(child) for child in node.children],
            error=self.errors.get(node.id, ""),
            **row,
        )

    def _row(self, at: str) -> dict[str, Any]:
        subject, known = self._one(f"{at}.s"), self.known
        kind, _colon, name = subject.partition(":")
        row: dict[str, Any] = {"subject": subject, "subjects": known.subjects(subject)}
        chosen, detail = self._one(f"{at}.c"), self._one(f"{at}.d")
        words_known = known.vocabulary
        if kind == "trait" and name in words_known.traits:
            trait = words_known.traits[name]
            others = known.comparable(name, trait.kind)
            row["tests"] = self._tests(f"{at}.v", trait.kind, known.trait_values(trait), others)
        elif kind == "attribute" and name in words_known.attributes:
            values = known.attribute_values(name)
            row["tests"] = self._tests(f"{at}.v", words_known.attributes[name].kind, values)
        elif kind == "did" and name in words_known.happenings:
            row["did"] = self._did(at, words_known.happenings[name])
        elif kind == "tag":
            row["choices"] = known.tags(chosen)
        elif kind == "segment":
            row["choices"] = known.segments(chosen, self.slug)
        elif kind == "consent":
            row["choices"] = known.coded("channel", words_known.channels, chosen)
            row["details"] = known.coded("purpose", words_known.purposes, detail or "marketing")
        elif kind == "identity":
            row["choices"] = known.coded("identity", words_known.identity_kinds, chosen)
            anywhere = Option("", _("on any platform"), not detail)
            row["details"] = [
                anywhere, *known.coded("platform", words_known.platforms, detail)
            ]  # fmt: skip
        elif subject:
            row["raw"] = self._one(f"{at}.raw") or name
        return row

    # Comparisons

    def _tests(
        self, at: str, kind: str, values: Values, others: Sequence[tuple[str, str]] = ()
    ) -> ComparisonsView:
        tokens = self.fields.get(f"{at}.t", [])
        used = [self._one(f"{at}.{token}.o") for token in tokens]
        offered = operators_shown(kind)
        tests = [
            self._test(at, token, kind, values, others, set(used) - {operator})
            for token, operator in zip(tokens, used, strict=True)
        ]
        return ComparisonsView(at, kind, tests, may_add=len(tests) < min(len(offered), 4))

    def _test(
        self,
        prefix: str,
        token: str,
        kind: str,
        values: Values,
        others: Sequence[tuple[str, str]],
        taken: set[str],
    ) -> ComparisonView:
        at = f"{prefix}.{token}"
        operator = self._one(f"{at}.o")
        names = operator_words(kind)
        view: dict[str, Any] = {
            "token": token,
            "at": at,
            "operators": options(
                [(o, names[o]) for o in operators_shown(kind) if o not in taken], operator
            ),
            "unit": self._unit(kind),
        }
        if operator in ("known", "unknown"):
            return ComparisonView(widget="none", **view)
        mode = self._one(f"{at}.m", "value")
        if others and operator in ("eq", *ORDERING):
            view["modes"] = options([("value", _("a value")), ("trait", _("a trait"))], mode)
            if mode == "trait":
                view |= {"others": options(others, self._one(f"{at}.of")),
                         "times": self._one(f"{at}.x", "1")}  # fmt: skip
                return ComparisonView(widget="trait", **view)
        return ComparisonView(**view, **self._value(at, kind, operator, values))

    def _value(self, at: str, kind: str, operator: str, values: Values) -> dict[str, Any]:
        if kind in TIME_KINDS:
            return {"widget": "point", "point": self._point(at)}
        chosen = listed(self.fields, at)
        if operator == "in" and values:
            known = {value for value, _text in values}
            others = [value for value in chosen if value not in known]
            is_open = kind == "text"
            ticks = options(values, chosen, lost=not is_open)
            more = ", ".join(others) if is_open else ""
            return {"widget": "ticks", "choices": ticks, "more": more, "is_open": is_open}
        if operator == "in":
            return {"widget": "list", "more": ", ".join(chosen)}
        value = self._one(f"{at}.v")
        if kind == "boolean":
            yes_or_no = options([("yes", _("Yes")), ("no", _("No"))], value)
            return {"widget": "choice", "choices": yes_or_no}
        if values and operator == "eq":
            return {"widget": "choice", "choices": options(values, value)}
        is_text = operator == "contains" or kind in ("text", "code", "choice", "shop", "")
        return {"widget": "text" if is_text else "number", "value": value}

    def _unit(self, kind: str) -> str:
        currency = self.known.brand.currency
        units = {"money": SYMBOLS.get(currency, currency), "days": _("days"), "ratio": "%"}
        return units.get(kind, "")

    def _point(self, at: str) -> PointView:
        kind = self._one(f"{at}.pk", "ago")
        kinds = [("ago", _("ago")), ("ahead", _("ahead")), ("day", _("on the day"))]
        if kind == "instant":
            kinds.append(("instant", _("at the instant")))
        return PointView(
            at=at,
            kind=kind,
            kinds=options(kinds, kind),
            number=self._one(f"{at}.n"),
            units=unit_options(self._one(f"{at}.u", "d")),
            day=self._one(f"{at}.pd"),
            instant=self._one(f"{at}.pt"),
        )

    # Happenings

    def _did(self, at: str, happening: Happening) -> DidView:
        measure, of = self._one(f"{at}.m"), self._one(f"{at}.of", "amount")
        summed = [
            (name, text)
            for name, text in happening_fields(happening)
            if field_kind(happening, name) in SUMMED_KINDS
        ]
        measures = {
            "": _("at least once"),
            "count": _("times"),
            "sum": _("total"),
            "average": _("average"),
            "first": _("first time"),
            "last": _("latest time"),
        }
        offered = ["", *(m for m in MEASURES if summed or m not in ("sum", "average"))]
        window = self._one(f"{at}.k2")
        kind = measured_kind(happening, measure, of)
        return DidView(
            wheres=[self._where(at, token, happening) for token in self.fields.get(f"{at}.w", [])],
            measures=options([(m, measures[m]) for m in offered], measure),
            of=options(summed, of) if measure in ("sum", "average") else [],
            tests=self._tests(f"{at}.q", kind, []) if measure else None,
            window=window,
            windows=options([(w, window_words()[w]) for w in ("", *WINDOWS)], window),
            number=self._one(f"{at}.l.n"),
            units=unit_options(self._one(f"{at}.l.u", "d")),
            first=self._point(f"{at}.a") if window in ("between", "after", "before") else None,
            last=self._point(f"{at}.b") if window == "between" else None,
        )

    def _where(self, at: str, token: str, happening: Happening) -> WhereView:
        under = f"{at}.w{token}"
        name = self._one(f"{under}.f")
        named = happening.named(name)
        choices = [("", _("Choose a field")), *happening_fields(happening)]
        tests = None
        if named is not None:
            values = self.known.field_values(happening, named)
            tests = self._tests(under, named.kind, values)
        return WhereView(token, under, options(choices, name), tests)


def unit_options(chosen: str) -> list[Option]:
    """The units of a length."""
    names: dict[str, str] = {
        "d": _("days"), "w": _("weeks"), "mo": _("months"), "y": _("years"),
        "h": _("hours"), "min": _("minutes"), "s": _("seconds"),
    }  # fmt: skip
    return options([(unit, names[unit]) for unit in UNITS], chosen)


def window_words() -> dict[str, str]:
    """What the windows are called."""
    return {
        "": _("at any time"),
        "within": _("within the last"),
        "cycles": _("within their own cycles"),
        "between": _("between"),
        "after": _("since"),
        "before": _("up to"),
    }


def operator_words(kind: str) -> dict[str, str]:
    """What the operators are called for a kind of value."""
    shared = {
        "in": _("is one of"),
        "contains": _("contains"),
        "known": _("is known"),
        "unknown": _("is not known"),
    }
    if kind in TIME_KINDS:
        return shared | {
            "eq": _("is on"), "gt": _("is after"), "gte": _("is no earlier than"),
            "lt": _("is before"), "lte": _("is no later than"),
        }  # fmt: skip
    return shared | {"eq": _("is"), "gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}
