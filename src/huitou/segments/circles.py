"""Rules that would turn in a circle through tags: a segment's rule asks for the tag it puts.

Segments that name each other in a circle are found when a rule is read; here a segment also
depends on those that put a tag its rule asks for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from huitou.kernel.errors import RefusedInputError
from huitou.segments.vocabulary import Vocabulary

# A tag in a chain of segments is marked so.
_TAG = "#"


class TagCircleError(RefusedInputError):
    """A rule depends on the tag its own segment puts; ``chain`` says by which way."""

    def __init__(self, chain: str) -> None:
        super().__init__(
            "TAG_CIRCLE", f"The rule depends on the tag its own segment puts: {chain}."
        )
        self.chain = chain


def named_in(rule: Any, kind: str) -> Iterator[str]:
    """What the conditions of a kind (``segment``, ``tag``) name, in the data of a rule.

    >>> list(named_in({"all": [{"tag": "vip"}, {"not": {"segment": "new"}}]}, "tag"))
    ['vip']
    """
    parts = rule if isinstance(rule, list) else []
    if isinstance(rule, Mapping):
        parts = list(rule.values())
        if isinstance(rule.get(kind), str):
            yield rule[kind]
    for part in parts:
        yield from named_in(part, kind)


def refuse_circle(words: Vocabulary, slug: str) -> None:
    """Refuse what the segment would be, when its rule depends on its tag by any way.

    Raises ``TagCircleError``. Frozen segments depend on nothing: their members stay.
    """
    ways: dict[str, tuple[str, ...]] = {slug: (slug,)}
    waiting = deque([slug])
    while waiting:
        one = waiting.popleft()
        for step, target in _next(words, one):
            if target == slug:
                raise TagCircleError(" → ".join((*ways[one], *step, slug)))
            if target not in ways:
                ways[target] = (*ways[one], *step, target)
                waiting.append(target)


def _next(words: Vocabulary, slug: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The segments a segment's rule depends on; through a tag, this comes first."""
    segment = words.segments.get(slug)
    if segment is None or segment.rule is None:
        return
    for name in named_in(segment.rule, "segment"):
        yield (), name
    for name in named_in(segment.rule, "tag"):
        tag = words.tags.get(name)
        for other, word in words.segments.items():
            if tag is not None and word.puts == tag.key:
                yield (f"{_TAG}{name}",), other
