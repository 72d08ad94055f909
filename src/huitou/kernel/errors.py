"""The base of every error a person can act on."""


class HuitouError(Exception):
    """An expected failure; ``str(error)`` tells a person what to do about it."""


class RefusedInputError(HuitouError):
    """The request or file was refused before it had any effect (CLI exit code 2).

    ``code`` is the stable name of the broken rule, such as ``MISSING_KEY_COLUMN``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
