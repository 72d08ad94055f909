"""``huitou audit …``: whether the audit log is whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from huitou.cli.ground import Json, ready, show
from huitou.kernel.errors import RefusedInputError

audit_app = typer.Typer(help="The audit log: verify its chain.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(audit_app, name="audit")


@audit_app.callback()
def _group() -> None:
    """Keep ``verify`` a command of its own."""


@audit_app.command("verify")
def verify(
    head: Annotated[
        str | None,
        typer.Option(help="SEQ:HASH of an earlier run: it must still be in the chain."),
    ] = None,
    json: Json = False,
) -> None:
    """Link what waits and recompute the whole chain; exit code 1 names the first broken entry.

    What an earlier run has seen must still be there; --head names another such run.
    """
    wanted = _parsed(head) if head else None
    with ready():
        from huitou.eventlog.audit_chain import Head
        from huitou.eventlog.audit_checks import check_log

        verdict = check_log(now=datetime.now(UTC), expected=Head(*wanted) if wanted else None)
    result = {
        "whole": verdict.is_whole,
        "checked": verdict.checked,
        "waiting": verdict.waiting,
        "head": f"{verdict.head.seq}:{verdict.head.hash}" if verdict.head else None,
        "broken_entry": verdict.broken_entry,
        "problem": verdict.problem,
    }
    if verdict.is_whole:
        text = f"The audit log is whole: {verdict.checked} entries. Head {result['head']}"
    elif verdict.broken_entry is None:
        text = f"The audit log is broken: {verdict.problem}."
    else:
        text = f"The audit log is broken at entry {verdict.broken_entry}: {verdict.problem}."
    show(result, text, as_json=json)
    if not verdict.is_whole:
        raise typer.Exit(1)


def _parsed(text: str) -> tuple[int, str]:
    seq, _, digest = text.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(digest) == 64):
        raise RefusedInputError("HEAD", "Write --head SEQ:HASH as an earlier run printed it.")
    return int(seq), digest
