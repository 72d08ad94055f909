"""Rules as text people write: YAML, of which JSON is a part."""

from __future__ import annotations

from typing import Any

import yaml

from huitou.segments.reading import RuleError

# The largest rule there can be, of sixty conditions with lists of a thousand, is shorter.
TEXT_BYTES_MAX = 1_000_000


def rule_of_text(text: str) -> Any:
    """The data of a rule. Raises ``RuleError``: ``TEXT`` with the line, ``LIMIT``."""
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise RuleError("LIMIT", "", f"a rule has at most {TEXT_BYTES_MAX:,} bytes of text")
    try:
        # An alias stands for any amount of text, and no rule needs one.
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise RuleError("TEXT", "", "aliases (*name) are not read")
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise RuleError("TEXT", "", f"{line}{error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RuleError("TEXT", "", f"this is no YAML or JSON: {error}") from None


def text_of_rule(rule: Any) -> str:
    """A rule as YAML, in the order it was written."""
    return yaml.safe_dump(rule, allow_unicode=True, sort_keys=False, width=100)
