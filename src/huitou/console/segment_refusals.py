"""Why something about segments was refused, in the reader's language, by the code."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from huitou.kernel.errors import RefusedInputError
from huitou.segments.circles import TagCircleError
from huitou.segments.errors import RuleError

_WORDS = {
    "SLUG": _("Write the short name in lower-case letters, digits and hyphens, at most 60."),
    "NAME": _("Give a name of 1 to 80 ordinary characters."),
    "DESCRIPTION": _("Write a description of at most 200 characters."),
    "FULL": _("The brand has as many segments as it can keep; archive some."),
    "FROZEN": _("The segment is frozen: its members stay as they are."),
    "TAKEN": _("There is a segment with this short name already; choose another."),
    "CHANGED": _("Somebody else saved this segment meanwhile. Look at their rule, then save."),
    "NOT_REFRESHED": _("Refresh the segment first: it has no members yet."),
    "SEGMENT": _("The brand has no such segment in use."),
    "NO_FIGURES": _("This brand has no figures yet: import orders, or refresh insight."),
    "VERSION": _("The segment has no such version."),
    "SAME": _("Rows and columns are the same: choose two."),
    "STEPS": _("The way has as many steps as it can have; save the branch and start from it."),
    "RULE": _("This is no rule."),
    "TAG": _("The brand has no such tag; choose another."),
    "CELLS": _("Pick at least one cell."),
}

_CIRCLE = _("The rule would depend on the tag this segment puts; leave out one of the two.")
_RULE_WORDS = {
    "GONE": _("This names something that no longer exists."),
    "UNKNOWN": _("This names something that is not known."),
    "VALUE": _("This value does not fit."),
    "SHAPE": _("This condition is not complete or has too much."),
    "LIMIT": _("This is more than a rule can have."),
    "CIRCLE": _("Segments name each other in a circle."),
    "TEXT": _("The text cannot be read as a rule."),
}


# What readers of YAML say most; the rest stays as they say it.
_YAML_WORDS = (
    gettext_noop("line %(line)s, column %(column)s: %(problem)s"),
    gettext_noop("line %(line)s, column %(column)s: the key %(key)s is said twice"),
    gettext_noop("this is no YAML or JSON: %(problem)s"),
    gettext_noop("mapping values are not allowed here"),
    gettext_noop("could not find expected ':'"),
    gettext_noop("mapping keys are not allowed here"),
    gettext_noop("sequence entries are not allowed here"),
    gettext_noop("found unexpected end of stream"),
    gettext_noop("aliases (*name) are not read"),
)


def segment_refusal(error: RefusedInputError) -> str:
    """What to do about ``error``; of a rule also where and what exactly."""
    if isinstance(error, TagCircleError):
        return f"{_CIRCLE} {error.chain}"
    if not isinstance(error, RuleError):
        return str(_WORDS.get(error.code, str(error)))
    where = error.path or gettext("the whole rule")
    said = f"{where}: {in_words(error)}"
    return f"{_RULE_WORDS.get(error.code, '')} {said}".strip()


def in_words(error: RefusedInputError) -> str:
    """The message of ``error`` in the active language, when the catalogue has it."""
    text = gettext(error.message)
    if not error.values:
        return text
    values = {name: gettext(str(v)) if name == "problem" else v for name, v in error.values.items()}
    return text % values
