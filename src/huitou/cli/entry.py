"""Entry point of ``huitou``: collects the commands and turns errors into exit codes."""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
from typing import Any

import typer

from huitou.cli.ground import print_json, say
from huitou.kernel.errors import HuitouError, RefusedInputError

EXIT_FAILURE = 1
EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130
_NOT_COMMANDS = {"entry", "ground"}


def build() -> typer.Typer:
    """The command tree; modules register in alphabetical order and import Django only when run."""
    root = typer.Typer(
        name="huitou",
        help="回头 Huitou: turn first-time buyers into regulars.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    import huitou.cli as package

    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        if module.name not in _NOT_COMMANDS:
            importlib.import_module(f"huitou.cli.{module.name}").register(root)
    return root


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code; no error reaches a person as a traceback.

    ``HUITOU_DEBUG=1`` shows the traceback of an unforeseen failure all the same.
    """
    given = sys.argv[1:] if arguments is None else arguments
    # Clean-up blocks, such as stopping a server started on demand, run on SIGTERM too.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = typer.main.get_command(build())(given, prog_name="huitou", standalone_mode=False)
    except RefusedInputError as error:
        _fail(given, error.code, str(error))
        sys.exit(EXIT_REFUSED)
    except typer.TyperException as error:  # a wrong option, argument or command
        if message := str(error):  # empty when the help was printed instead
            _fail(given, "USAGE", message)
        sys.exit(EXIT_REFUSED)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(EXIT_INTERRUPTED)
    except HuitouError as error:
        _fail(given, "FAILURE", str(error))
        sys.exit(EXIT_FAILURE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILURE)
    except Exception as error:
        if os.environ.get("HUITOU_DEBUG"):
            raise
        _fail(given, "FAILURE", f"{type(error).__name__}: {error}")
        sys.exit(EXIT_FAILURE)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(arguments: list[str], code: str, message: str) -> None:
    say(f"Error: {message}")
    if "--json" in arguments:
        print_json({"error": {"code": code, "message": message}})


def _terminate(number: int, frame: Any) -> None:
    sys.exit(128 + number)
