"""Refusals and codes in the words of the active language."""

from __future__ import annotations

import re

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from huitou.ingest.reading.codes import QUARANTINE, REFUSALS, WARNINGS
from huitou.kernel.errors import RefusedInputError


def language() -> str:
    """``zh`` or ``en``: the language codes are explained in."""
    return "en" if (get_language() or "").startswith("en") else "zh"


def explained(code: str) -> str:
    """What a code of a refused row, a warning or a file means and what to do.

    An unknown code (of a newer or older version) is its own explanation.
    """
    found = QUARANTINE.get(code) or WARNINGS.get(code) or REFUSALS.get(code)
    return getattr(found, language()) if found else code


def refusal_text(error: RefusedInputError) -> str:
    """Why a file or request was refused, and what to do."""
    known = {
        "BATCH_BUSY": _("This import is being worked on right now. Try again when it has stopped."),
        "LIVE_CHANGES": _(
            "Messages of a platform or another system have changed the same records since; this"
            " import can no longer be undone."
        ),
        "ALREADY_UNDONE": _("This import is already undone."),
        "NOTHING_TO_RETRY": _("No corrected rows were given."),
        "NOT_QUARANTINED": _("A row is no longer waiting in this quarantine. Download it again."),
        "NOT_A_QUARANTINE_FILE": _(
            "This is not the table downloaded from this quarantine. Keep its first three columns"
            " and its headings as they are."
        ),
    }
    if error.code == "LATER_CHANGES":
        later = ", ".join(re.findall(r"#\d+", str(error)))
        return _("Later imports build on this one; undo them first: %(imports)s") % {
            "imports": later
        }
    if error.code in known:
        return known[error.code]
    if error.code in REFUSALS:
        return f"{explained(error.code)} ({error})"
    return str(error)
