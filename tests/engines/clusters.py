"""A standalone cluster on loopback: a master and two workers, from the package of PySpark."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

WORKERS = 2
_UP_WITHIN_SECONDS = 120
_LOOPBACK = "127.0.0.1"


@contextmanager
def standalone(folder: Path) -> Iterator[str]:
    """The address of a running cluster; ``folder`` takes what its processes write."""
    port, page = _free_port(), _free_port()
    master = f"spark://{_LOOPBACK}:{port}"
    with ExitStack() as running:
        running.enter_context(
            _process(folder, "Master", ["-p", str(port), "--webui-port", str(page)])
        )
        for number in range(WORKERS):
            arguments = ["-c", "1", "-m", "600m", "-d", str(folder / f"worker-{number}")]
            arguments += ["--webui-port", str(_free_port()), master]
            running.enter_context(_process(folder, "Worker", arguments))
        _wait_for_workers(f"http://{_LOOPBACK}:{page}/json/")
        yield master


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((_LOOPBACK, 0))
        return int(taken.getsockname()[1])


@contextmanager
def _process(folder: Path, role: str, arguments: list[str]) -> Iterator[None]:
    import pyspark

    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    package = f"org.apache.spark.deploy.{role.lower()}.{role}"
    environment = {**os.environ, "SPARK_DAEMON_MEMORY": "256m", "SPARK_LOCAL_IP": _LOOPBACK}
    with (folder / f"{role}.log").open("ab") as log:
        process = subprocess.Popen(
            [str(program), package, "-h", _LOOPBACK, *arguments],
            stdout=log, stderr=log, env=environment,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for_workers(page: str) -> None:
    """Until every worker has told the master of itself."""
    until = time.monotonic() + _UP_WITHIN_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(page, timeout=5) as answer:
                if answer.read().count(b'"ALIVE"') > WORKERS:  # the master says it of itself too
                    return
        except OSError:  # not listening yet, or too busy to answer
            pass
        time.sleep(0.2)
    raise TimeoutError(f"no cluster at {page}")
