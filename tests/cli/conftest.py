"""The command line run inside the test process, on the test's own transaction."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from huitou.cli import main
from huitou.eventlog.audit import Actor, set_process_actor


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output; nothing else may be there."""
        found = json.loads(self.out)
        assert self.out == self.out.rstrip("\n") + "\n"
        assert isinstance(found, dict)
        return found


Run = Callable[..., Done]


@pytest.fixture
def run(
    db: None, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Runs a command as the program would; server and schema are the test's and stand already."""
    monkeypatch.setattr("huitou.config.leases.database_available", nullcontext)
    monkeypatch.setattr("huitou.config.bootstrap.migrate", lambda *args, **options: False)
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)

    def done(*arguments: str | Path) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        code = end.value.code
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    before = signal.getsignal(signal.SIGTERM)
    yield done
    signal.signal(signal.SIGTERM, before)
    set_process_actor(Actor("system"))
