"""Suggests which accounts are the same person where no strong key says so: pure, no database.

``suggest`` compares accounts whose names, phones, places, nicks, e-mails or birthdays agree in
part, and gives every likely pair a probability and its evidence, for people to review. What
platforms mask is evidence here, never a key. Merging is not done here.
"""

from huitou.members.suggestions.evidence import CODES as EVIDENCE_CODES
from huitou.members.suggestions.pipeline import (
    REVIEW_THRESHOLD,
    SCHEMA,
    Suggestions,
    suggest,
)

__all__ = ["EVIDENCE_CODES", "REVIEW_THRESHOLD", "SCHEMA", "Suggestions", "suggest"]
