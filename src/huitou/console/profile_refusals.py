"""Why something about members could not be kept, in the reader's language, by the code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huitou.kernel.errors import RefusedInputError

_WORDS = {
    "MEMBER": _("The brand has no such member; nothing was recorded."),
    "CODE": _("Write the code as a lower-case letter, then letters, digits and _."),
    "TOUCHPOINT_CODE": _("Write the code in lower-case letters, digits, - and _."),
    "KIND": _("Choose what the values look like."),
    "LABEL": _("Give a label of at most 60 characters in both languages."),
    "CHOICES": _("Write the choices one a line as code, Chinese, English; other kinds have none."),
    "ATTRIBUTES_MAX": _("The brand has as many attributes as it can keep; retire some."),
    "ATTRIBUTE_EXISTS": _("There is an attribute with this code already."),
    "TEXT": _("Write at most 500 characters."),
    "INTEGER": _("Write a whole number such as 12."),
    "DECIMAL": _("Write a number such as 12.5."),
    "DATE": _("Write a date such as 2026-05-01."),
    "BORN": _("A date of birth is from 1900 on and not after today."),
    "LUNAR_DAY": _(
        "The lunar calendar has no such day: with a year, it must have that leap month and that"
        " month a 30th; write the year as 1990 or leave it empty."
    ),
    "BOOLEAN": _("Write yes or no."),
    "CHOICE": _("Choose one of those offered."),
    "ATTRIBUTE": _("The attribute is no longer in use."),
    "FUTURE": _("This cannot be from after now."),
    "NAME": _("Give a name of ordinary characters, not too long."),
    "GROUPS_MAX": _("The brand has as many groups of tags as it can keep."),
    "GROUP_EXISTS": _("There is a group with this name already."),
    "GROUP": _("There is no such group of tags."),
    "TAGS_MAX": _("The group has as many tags as it can keep."),
    "TAG_EXISTS": _("The group has a tag with this name already."),
    "TAG": _("Choose a tag."),
    "REASON": _("Write a shorter reason."),
    "UNTIL": _("The end of a tag must lie after today."),
    "RULE": _("A segment did this: change the segment, not what it did."),
    "UNDONE": _("Somebody has taken this back already."),
    "CHANGE": _("There is no such change of tags to take back."),
    "EVIDENCE": _("A grant needs proof: where it was given and the version of the text."),
    "EVIDENCE_LENGTH": _("Write the proof shorter."),
    "CONSENT": _("Choose channel, purpose and decision."),
    "GRANT_CHANNEL": _("A grant is for one channel; choose it."),
    "TOUCHPOINT": _("Choose a touchpoint that is in use."),
    "TOUCHPOINT_KIND": _("Choose what sort of place it is."),
    "TOUCHPOINTS_MAX": _("The brand has as many touchpoints as it can keep; retire some."),
    "TOUCHPOINT_EXISTS": _("There is a touchpoint with this code already."),
    "NOTE": _("Write a shorter note."),
    "SUMMARY": _("Write at most 500 characters."),
    "TOO_MANY": _("These are too many members at once; narrow the list, or use the command line."),
    "NOBODY": _("Choose members first."),
}


def refusal_words(code: str, fallback: str) -> str:
    """What to do about a refusal, or ``fallback`` for a code no page knows."""
    return str(_WORDS.get(code, fallback))


def refusal_of(error: RefusedInputError) -> str:
    """What to do about ``error``."""
    return refusal_words(error.code, str(error))
