"""The words and choices of the builder: all of them from the vocabulary and the registries."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from huitou.brands.models import Brand
from huitou.console import member_labels  # noqa: F401 -- adds the words of channels and kinds
from huitou.console.figures import words
from huitou.insight.traits import Trait
from huitou.insight.types import Scope
from huitou.lake.happenings import Field, Happening
from huitou.members.attributes import attributes
from huitou.segments.reading import comparable
from huitou.segments.vocabulary import Vocabulary
from huitou.segments.words import vocabulary_of
from huitou.ui.labels import FAMILIES

# Load the analytic engine, which the page itself does without.
insight = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))
suggestions = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.suggestions"))

# Values offered for ticking: more are found by typing.
SUGGESTED_MAX = 60


@dataclass(frozen=True)
class Option:
    """A choice of a field."""

    value: str
    text: str
    is_chosen: bool = False


@dataclass(frozen=True)
class OptionGroup:
    """Choices that belong together."""

    title: str
    options: list[Option]


def options(
    choices: Iterable[tuple[str, str]], chosen: str | Iterable[str], *, lost: bool = True
) -> list[Option]:
    """``(value, text)`` pairs as options; what was chosen and is no choice any more stays one."""
    wanted = [chosen] if isinstance(chosen, str) else list(chosen)
    found = [Option(value, text, value in wanted) for value, text in choices]
    known = {option.value for option in found}
    missing = [value for value in wanted if value and value not in known] if lost else []
    return [*found, *(Option(value, value, True) for value in missing)]


class RuleWords:
    """What the brand's rules may say, in the active language."""

    def __init__(self, brand: Brand) -> None:
        self.brand = brand

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words as the reader of rules has them."""
        return vocabulary_of(self.brand)

    @cached_property
    def attribute_labels(self) -> dict[str, str]:
        """Attributes in use by code."""
        return {a.code: a.label for a in attributes(self.brand.pk) if not a.is_retired}

    @cached_property
    def choice_labels(self) -> dict[str, dict[str, str]]:
        """The words of an attribute's choices, by its code."""
        return {a.code: {c.code: c.label for c in a.choices} for a in attributes(self.brand.pk)}

    def subjects(self, chosen: str) -> list[OptionGroup]:
        """What a condition may be about."""
        known = self.vocabulary
        groups = [
            (_("Traits"), [(f"trait:{name}", words(t)) for name, t in known.traits.items()]),
            (
                _("What they did"),
                [(f"did:{n}", words(h, "did")) for n, h in sorted(known.happenings.items())],
            ),
            (
                _("Attributes"),
                [(f"attribute:{code}", text) for code, text in self.attribute_labels.items()],
            ),
            (_("Known of them"), self._plain_subjects(chosen)),
        ]
        return [OptionGroup(title, options(c, chosen, lost=False)) for title, c in groups if c]

    def _plain_subjects(self, chosen: str) -> list[tuple[str, str]]:
        known = self.vocabulary
        found = [("consent", _("Consent")), ("identity", _("Identifier"))]
        if known.tags or chosen == "tag":
            found.insert(0, ("tag", _("Tag")))
        if known.segments or chosen == "segment":
            found.append(("segment", _("Segment")))
        return found

    def tags(self, chosen: str) -> list[Option]:
        """Tags, each once, under its group."""
        known = self.vocabulary.tags
        by_name = known.get(chosen)
        grouped = [(name, word) for name, word in known.items() if word and "/" in name]
        if by_name and "/" not in chosen:
            chosen = next((n for n, word in grouped if word.key == by_name.key), chosen)
        shown = [(name, name.replace("/", " · ", 1)) for name, _word in grouped]
        return options(shown, chosen)

    def segments(self, chosen: str, without: str) -> list[Option]:
        """Segments a rule may name; not its own."""
        found = self.vocabulary.segments.items()
        return options([(s, w.word) for s, w in found if s != without], chosen)

    def coded(self, family: str, codes: Iterable[str], chosen: str) -> list[Option]:
        """Codes with their words."""
        known = FAMILIES[family]
        pairs = [(code, str(known[code].text) if code in known else code) for code in codes]
        return options(pairs, chosen)

    def trait_values(self, trait: Trait) -> list[tuple[str, str]]:
        """Codes of a trait with their words, or the commonest texts."""
        if trait.choices:
            return [(code, words(trait.label_of(code), "")) for code in trait.choices]
        if trait.kind != "text":
            return []
        found = insight.choices(Scope(self.brand.pk), trait.name)[:SUGGESTED_MAX]
        return [(value, value) for value, _members in found]

    def attribute_values(self, code: str) -> list[tuple[str, str]]:
        """The choices of an attribute."""
        return list(self.choice_labels.get(code, {}).items())

    def field_values(self, happening: Happening, field: Field) -> list[tuple[str, str]]:
        """Shops, or the commonest values of a field."""
        if field.kind == "shop":
            return [(slug, word.word) for slug, word in self.vocabulary.shops.items()]
        if field.kind != "text":
            return []
        found = suggestions.field_values(self.brand, happening.name, field.name, SUGGESTED_MAX)
        return [(value, value) for value in found]

    def comparable(self, name: str, kind: str) -> list[tuple[str, str]]:
        """Other traits that a trait of ``kind`` may be compared with."""
        return [
            (other.name, words(other))
            for other in self.vocabulary.traits.values()
            if other.name != name and comparable(kind, other.kind)
        ]


def happening_fields(happening: Happening) -> list[tuple[str, str]]:
    """The fields of a happening and its parts, each name once."""
    parts = happening.detail.fields if happening.detail else ()
    named: Mapping[str, Field] = {f.name: f for f in (*parts, *happening.fields)}
    return [(name, words(f)) for name, f in named.items()]
