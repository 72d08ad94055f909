"""The base of every error a person can act on."""


class HuitouError(Exception):
    """An expected failure; ``str(error)`` tells a person what to do about it."""


class RefusedInputError(HuitouError):
    """The request or file was refused before it had any effect (CLI exit code 2).

    ``code`` is the stable name of the broken rule, such as ``MISSING_KEY_COLUMN``. ``values`` fill
    the places of ``message`` (``%(name)s``), which pages can then say in another language.

    >>> str(RefusedInputError("LIMIT", "at most %(number)s deep", number=8))
    'at most 8 deep'
    """

    def __init__(self, code: str, message: str, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.code, self.message, self.values = code, message, values
