"""What a trait is, and how one is declared.

A theme is a module beside this one that ends in a ``Theme``; ``traits.THEMES`` names each once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from huitou.insight.definitions import Label

# The profile relation and the as-of date in, an Ibis column out. Any: Ibis loads lazily.
Expression = Callable[[Any, Any], Any]

CONFIDENCE = "_confidence"


@dataclass(frozen=True)
class Trait:
    """A computed property of a member.

    ``kind``: ``count``, ``days``, ``money`` (minor units), ``score``, ``ratio`` (0 to 1),
    ``number`` (a float), ``boolean``, ``time``, ``date``, ``code`` (one of ``labels``) or ``text``.
    ``confidence_of`` names the inferred trait whose confidence this one is. ``of_everyone`` tells
    that it needs no purchase: its expression is of ``member_dim`` instead of the profile.
    """

    name: str
    kind: str
    label_zh: str
    label_en: str
    explain_zh: str
    explain_en: str
    expression: Expression
    labels: tuple[Label, ...] = ()
    confidence_of: str = ""
    of_everyone: bool = False

    @property
    def choices(self) -> tuple[str, ...]:
        """The codes a trait of kind ``code`` takes."""
        return tuple(label.code for label in self.labels)

    def label_of(self, code: str) -> Label:
        """What people call a code; the code itself when it is none of ``choices``."""
        return next((label for label in self.labels if label.code == code), Label(code, code, code))


@dataclass(frozen=True)
class Theme:
    """Traits that belong together on a page."""

    code: str
    label_zh: str
    label_en: str
    traits: tuple[Trait, ...]


def inferred(trait: Trait, confidence: Expression) -> tuple[Trait, Trait]:
    """A trait that is guessed, and how sure the guess is: a trait of its own, beside it."""
    sure = replace(
        trait,
        name=trait.name + CONFIDENCE,
        kind="ratio",
        label_zh=f"{trait.label_zh}可信度",
        label_en=f"{trait.label_en}, confidence",
        explain_zh=f"“{trait.label_zh}”这一推断有多可信",
        explain_en=f"How sure “{trait.label_en}” is, which is inferred",
        expression=confidence,
        labels=(),
        confidence_of=trait.name,
    )
    return trait, sure


def rule(name: str) -> Expression:
    """``module.function`` of ``insight.expressions``, loaded when it is first compiled."""
    module, function = name.split(".")

    def expression(profile: Any, as_of: Any) -> Any:
        rules = import_module(f"huitou.insight.expressions.{module}")
        return getattr(rules, function)(profile, as_of)

    return expression


def column(name: str) -> Expression:
    """A column of the profile as it stands."""
    return lambda profile, as_of: profile[name]
