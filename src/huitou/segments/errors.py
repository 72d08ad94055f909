"""What is wrong with a rule, and where: in English, with what it takes to say it otherwise."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from huitou.kernel.errors import RefusedInputError
from huitou.lake.happenings import Happening


class RuleError(RefusedInputError):
    """A rule that cannot be read; ``path`` says where, such as ``all[2].where.category``."""

    def __init__(self, code: str, path: str, message: str, **values: object) -> None:
        super().__init__(code, message, **values)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path or 'rule'}: {super().__str__()}"


def under(path: str, key: str) -> str:
    """The path of ``key`` in what lies at ``path``.

    >>> under("", "all"), under("all[0]", "in")
    ('all', 'all[0].in')
    """
    return f"{path}.{key}" if path else key


def several_of(path: str, known: tuple[str, ...], said: list[str]) -> RuleError:
    """More than one of what excludes each other."""
    message = _("has one of %(known)s, not %(found)s")
    return RuleError("SHAPE", path, message, known=", ".join(known), found=", ".join(said))


def no_field(happening: Happening, name: str, path: str) -> RuleError:
    """A happening without a field of the name."""
    message = _("%(happening)s has no field %(name)s")
    return RuleError("UNKNOWN", path, message, happening=happening.name, name=repr(name))


def gone(path: str, message: str, name: object) -> RuleError:
    """Something that was there once, perhaps; ``message`` names it by ``%(name)s``."""
    return RuleError("GONE", path, message, name=repr(name))
