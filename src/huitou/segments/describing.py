"""Rules in words, or what is wrong with them: many at once, with the vocabulary read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huitou.brands.models import Brand
from huitou.segments.errors import RuleError
from huitou.segments.reading import read_rule
from huitou.segments.sentences import Sentence, sentence
from huitou.segments.words import names_of, vocabulary_of


@dataclass(frozen=True)
class Described:
    """What a rule says, or why it cannot be read: one of the two is there."""

    says: Sentence | None
    error: RuleError | None = None


def described(brand: Brand, rules: Mapping[int, Any]) -> dict[int, Described]:
    """Each of ``rules`` (as data) by its key."""
    words, names = vocabulary_of(brand), names_of(brand)

    def one(rule: Any) -> Described:
        try:
            return Described(sentence(read_rule(rule, words), names))
        except RuleError as error:
            return Described(None, error)

    return {key: one(rule) for key, rule in rules.items()}
