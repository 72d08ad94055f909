"""YAML that people write: strictly read, so that nothing is lost or grows without a word."""

from __future__ import annotations

from typing import Any

import yaml

from huitou.kernel.errors import RefusedInputError

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """Plain values only; dates stay text, as JSON has them."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse an alias: it stands for any amount of text."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", mark)
        return super().compose_node(parent, index)

    def text_mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        """A mapping by texts. Refuses a key said twice, which YAML lets win silently."""
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(self.construct_object(key_node, deep=True))
            if key in found:
                message = "line %(line)s, column %(column)s: the key %(key)s is said twice"
                raise _refused(message, key_node.start_mark, key=repr(key))
            found[key] = self.construct_object(value_node, deep=True)
        return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _Loader.text_mapping)


def read_yaml(text: str) -> Any:
    """The data of YAML or JSON: mappings by texts, lists, texts, numbers, booleans, null.

    Raises ``RefusedInputError``: ``YAML``, with the line where there is one.

    >>> read_yaml("trait: first_paid_at\\ngte: 2024-02-29")
    {'trait': 'first_paid_at', 'gte': '2024-02-29'}
    """
    try:
        # A loader that builds plain values only, as ``safe_load`` uses.
        return yaml.load(text, _Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        message = "line %(line)s, column %(column)s: %(problem)s"
        raise _refused(
            message, error.problem_mark, problem=error.problem or error.context
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        message = "this is no YAML or JSON: %(problem)s"
        raise RefusedInputError("YAML", message, problem=error) from None


def _refused(message: str, mark: yaml.Mark | None, **values: object) -> RefusedInputError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return RefusedInputError("YAML", message, line=line, column=column, **values)
