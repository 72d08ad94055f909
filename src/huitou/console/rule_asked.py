"""What the builder's form says: a rule, or what keeps it from being one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from huitou.console.rule_changes import empty_form, settled
from huitou.console.rule_form import Written, form_of
from huitou.console.rule_values import Fields, one
from huitou.console.rule_words import RuleWords
from huitou.console.segment_refusals import segment_refusal
from huitou.segments.errors import RuleError
from huitou.segments.reading import read_rule
from huitou.segments.texts import rule_of_text, text_of_rule


@dataclass
class Asked:
    """``rule`` is None for a text that is none; ``errors`` are by node, ``problem`` of it all."""

    fields: Fields
    rule: Any
    is_text: bool = False
    text: str = ""
    nodes: Sequence[str] = ()
    errors: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    unfinished: Sequence[str] = ()

    @property
    def is_readable(self) -> bool:
        """Whether the rule can be judged: what is not finished is left out of it."""
        return self.rule is not None and not self.errors and not self.problem


def fields_of(given: QueryDict) -> Fields:
    """The fields of a form that was sent."""
    return {name: [str(value) for value in values] for name, values in given.lists()}


def asked_of(given: QueryDict, known: RuleWords, *, slug: str = "") -> Asked:
    """The rule a form says, by its rows or its text (``mode``).

    ``slug`` is the segment being changed: a rule that leads back to it is a circle.
    """
    fields = fields_of(given)
    if one(fields, "mode") == "text":
        return _asked_of_text(one(fields, "text"), known, slug)
    if not fields.get("node"):
        fields |= empty_form()
    fields = settled(fields, known.vocabulary)
    written = Written(fields, known.vocabulary, known.brand.currency)
    asked = Asked(fields, written.rule, nodes=list(written.nodes), unfinished=written.unfinished)
    _check(asked, written, known, slug)
    return asked


def _asked_of_text(text: str, known: RuleWords, slug: str) -> Asked:
    try:
        rule = rule_of_text(text)
    except RuleError as error:
        return Asked({}, None, is_text=True, text=text, problem=segment_refusal(error))
    asked = asked_of_rule(rule, known, slug=slug)
    asked.is_text, asked.text = True, text
    return asked


def asked_of_rule(rule: Any, known: RuleWords, *, slug: str = "") -> Asked:
    """The form of a rule, with what is wrong with it."""
    fields = settled(form_of(rule, known.vocabulary, known.brand.currency), known.vocabulary)
    written = Written(fields, known.vocabulary, known.brand.currency)
    asked = Asked(fields, rule, nodes=list(written.nodes), text=text_of_rule(rule))
    _check(asked, written, known, slug)
    return asked


def _check(asked: Asked, written: Written, known: RuleWords, slug: str) -> None:
    try:
        check_rule(asked.rule, known, slug)
    except RuleError as error:
        asked.errors[written.node_at(error.path)] = segment_refusal(error)


def check_rule(rule: Any, known: RuleWords, slug: str) -> None:
    """Read a rule. Raises ``RuleError``; of the segment ``slug`` also when it leads back to it."""
    words = known.vocabulary
    if not slug or not isinstance(rule, Mapping):
        read_rule(rule, words)
        return
    read_rule(rule, words.with_rule(slug, rule))


def unfinished_errors(asked: Asked) -> dict[str, str]:
    """A word at every row that is not finished, for a rule that is to be kept."""
    return {node: _("Fill in this condition, or remove it.") for node in asked.unfinished}
