"""From a fresh clone to a working login, demo data included; then the second start.

Package caches are off: everything is downloaded as on a new machine, so the first figure holds the
network's speed too.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from bench.report import Figure

_TIMEOUT_SECONDS = 900
_LINES_SHOWN = 20
READY = "Huitou is ready"
DEMO_READY = "demo data is ready"


def run() -> list[Figure]:
    """Clone the committed state and start it twice."""
    root = Path(__file__).parent.parent
    with tempfile.TemporaryDirectory(prefix="huitou-start-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", root, clone], check=True)
        environment = {
            **os.environ,
            "HUITOU_HOME": str(Path(folder) / "home"),
            "PIP_NO_CACHE_DIR": "1",
            "npm_config_cache": str(Path(folder) / "npm"),
        }
        # What this bench was called with is not for the product's own make.
        for name in ("DATABASE_URL", "ARGS", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS"):
            environment.pop(name, None)
        try:
            first = _start(clone, environment, until=DEMO_READY)
            second = _start(clone, environment, until=READY)
        finally:
            shutil.rmtree(Path(folder) / "npm", ignore_errors=True)
    return [
        Figure("first start", "fresh clone to login, caches off", f"{first[READY]:.0f} s"),
        Figure("first start", "fresh clone to demo data ready", f"{first[DEMO_READY]:.0f} s"),
        Figure("first start", "second start to login", f"{second[READY]:.1f} s", "seconds"),
    ]


def _start(clone: Path, environment: dict[str, str], *, until: str) -> dict[str, float]:
    """Seconds until each sentence appeared; the product is stopped by Ctrl-C afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    running = subprocess.Popen(
        ["make", "run", f"PORT={port}"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    seen: dict[str, float] = {}
    said: list[str] = []
    assert running.stdout is not None
    for line in running.stdout:
        said.append(line)
        for sentence in (READY, DEMO_READY):
            if sentence.lower() in line.lower():
                seen.setdefault(sentence, time.perf_counter() - begun)
        if until in seen or time.perf_counter() - begun > _TIMEOUT_SECONDS:
            break
    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=60)
    if until not in seen:
        raise SystemExit(f"“{until}” never came:\n{''.join(said[-_LINES_SHOWN:])}")
    return seen
