"""What can go wrong with keys and sealed values, each with what to do about it."""

from __future__ import annotations

from huitou.kernel.errors import HuitouError


class MissingKeyError(HuitouError):
    """A value is sealed under a key that this installation does not have."""


class BadKeyError(HuitouError):
    """A key file or variable does not hold a key."""


class BrokenSealError(HuitouError):
    """A sealed value was changed, cut short, or belongs to another table, column or key."""
