"""What every command stands on: a ready database, and one way of printing."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@contextmanager
def ready() -> Iterator[None]:
    """Django set up and the database migrated within the block; import models inside it.

    An embedded server that was not running is started and stopped again.
    """
    from huitou.config.bootstrap import migrate, set_up_django
    from huitou.config.home import home
    from huitou.config.leases import database_available

    set_up_django()
    with database_available():
        from django.db import connections

        from huitou.eventlog.audit import Actor, set_process_actor

        set_process_actor(Actor("cli", name=_system_user()))
        try:
            migrate(home(), trust_stamp=True)
            yield
        finally:
            connections.close_all()


def show(result: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print ``result`` as JSON, or ``text`` for a person, on standard output."""
    if as_json:
        print_json(result)
    else:
        typer.echo(text)


def print_json(result: Mapping[str, Any]) -> None:
    """Print one JSON object and a newline; dates and decimals as text."""
    sys.stdout.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def announce(text: str) -> None:
    """Tell a person something on standard output at once, even through a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell a person something on standard error, which scripts may ignore."""
    typer.echo(text, err=True)


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return str(os.getuid())
