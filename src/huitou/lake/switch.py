"""Which engine computes: ``HUITOU_ENGINE``, ``duckdb`` unless it says ``spark``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.conf import settings

from huitou.kernel.errors import RefusedInputError
from huitou.lake import engine
from huitou.lake.sessions import DUCKDB, SPARK, Session


def chosen() -> str:
    """The engine of this process.

    Raises ``RefusedInputError``: ``ENGINE`` when the setting names none.
    """
    name = str(settings.ENGINE)
    if name not in (DUCKDB, SPARK):
        raise RefusedInputError("ENGINE", f"HUITOU_ENGINE is {name!r}: say duckdb or spark.")
    return name


def described() -> str:
    """The engine in a word or two, for who reads what a command did."""
    return chosen() if chosen() == DUCKDB else f"{SPARK} ({settings.SPARK_MASTER})"


@contextmanager
def session(files: Mapping[str, Sequence[str]], *, hold: bool = False) -> Iterator[Session]:
    """A session of the chosen engine; ``files`` and ``hold`` are those of ``lake.engine.session``.

    Spark has memory of its own to hold tables in. Raises ``RefusedInputError`` as ``chosen``; what
    Spark is to compute raises ``SPARK`` when it cannot be started.
    """
    if chosen() == DUCKDB:
        with engine.session(files, hold=hold) as connection:
            yield Session(connection)
        return
    from huitou.lake import spark  # an extra: who does without never loads it

    with engine.session(files) as connection, spark.session(connection, files) as found:
        yield found
