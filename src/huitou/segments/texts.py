"""Rules as text people write: YAML, of which JSON is a part."""

from __future__ import annotations

from typing import Any

import yaml
from django.utils.translation import gettext_noop as _

from huitou.kernel.errors import RefusedInputError
from huitou.kernel.yaml_text import read_yaml
from huitou.segments.errors import RuleError

# The largest rule there can be, of sixty conditions with lists of a thousand, is shorter.
TEXT_BYTES_MAX = 1_000_000


def rule_of_text(text: str) -> Any:
    """The data of a rule. Raises ``RuleError``: ``TEXT`` with the line, ``LIMIT``."""
    if len(text.encode()) > TEXT_BYTES_MAX:
        message = _("a rule has at most %(number)s bytes of text")
        raise RuleError("LIMIT", "", message, number=f"{TEXT_BYTES_MAX:,}")
    try:
        return read_yaml(text)
    except RefusedInputError as error:
        raise RuleError("TEXT", "", error.message, **error.values) from None


def text_of_rule(rule: Any) -> str:
    """A rule as YAML, in the order it was written."""
    return yaml.safe_dump(rule, allow_unicode=True, sort_keys=False, width=100)
