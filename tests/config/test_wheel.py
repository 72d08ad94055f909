"""The wheel carries everything, and runs where nothing of the checkout is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.config.postgres import Cluster
from tests.config.test_up import answers, free_port

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "huitou"
BUILT = PACKAGE / "ui" / "static" / "dist"
CARRIED = ("*.html", "*.po", "*.yaml", "*.yml", "*.json", "*.sql", "*.css", "*.js")
ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')

pytestmark = pytest.mark.skipif(
    not BUILT.exists(), reason="the web assets are not built: make assets"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    left_out = shutil.ignore_patterns(".*", "node_modules", "tests", "__pycache__", "build")
    shutil.copytree(ROOT, source, ignore=left_out)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "."]
    done = subprocess.run(
        [*command, str(source)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``huitou`` of a new environment that holds the wheel, and borrows what it depends on.

    Paths a ``.pth`` file adds are not searched for further ``.pth`` files, so the editable
    installation of the checkout stays out of sight.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run(
        [*pip, "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)], check=True
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "huitou"


def test_wheel_carries_code_assets_and_translations(wheel: Path) -> None:
    # when
    names = set(zipfile.ZipFile(wheel).namelist())

    # then
    expected = {
        str(file.relative_to(PACKAGE.parent))
        for pattern in ("*.py", *CARRIED)
        for file in PACKAGE.rglob(pattern)
    }
    compiled = {name.replace(".po", ".mo") for name in expected if name.endswith(".po")}
    assert expected - names == set()
    assert compiled - names == set()


def test_installed_wheel_serves_imports_and_computes(
    program: Path, fresh_home: Path, samples: Path
) -> None:
    # given
    run = runner(program, fresh_home)
    port = free_port()
    up = subprocess.Popen(
        [program, "up", "--no-demo", "--port", str(port)],
        cwd=fresh_home,
        env=environment(fresh_home),
        stdout=subprocess.DEVNULL,
    )
    wait_until_reachable(port, up)

    # when
    page, assets = login_page(port)
    status = run("status")
    run("brand", "create", "b", "--name", "B")
    run("shop", "create", "s", "--brand", "b", "--platform", "jd")
    batch = run("import", str(samples / "jd_orders.csv"), "--brand", "b", "--shop", "s")
    fresh = run("refresh", "--brand", "b", "--as-of", "2026-11-22")
    rfm = run("insight", "rfm", "--brand", "b", "--as-of", "2026-11-22")
    down = run("down")

    # then
    assert status["address"] == f"http://127.0.0.1:{port}"
    assert 'name="password"' in page
    assert {Path(name).suffix for name in assets} == {".css", ".js", ".svg"}
    assert all(assets.values())
    assert Path(status["executable"]).parent == program.parent
    assert (batch["orders"], batch["paid_minor"]) == (3, 70_600)
    assert fresh["brand"] == "b"
    assert rfm["as_of"] == "2026-11-22"
    assert sum(group["members"] for group in rfm["groups"]) == fresh["buyers"]
    assert down == {"stopped": True}
    assert up.wait(30) == 0
    assert not Cluster(fresh_home).running()


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "DATABASE_URL")}
    return {**kept, "HUITOU_HOME": str(home)}


def runner(program: Path, home: Path) -> Callable[..., dict[str, Any]]:
    """Runs a command of the installed program and returns its JSON."""

    def run(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [program, *arguments, "--json"],
            cwd=home,
            capture_output=True,
            text=True,
            env=environment(home),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def wait_until_reachable(port: int, up: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while not answers(port):
        assert up.poll() is None, "up ended early"
        assert time.monotonic() < deadline, "up takes too long"
        time.sleep(0.1)


def login_page(port: int) -> tuple[str, dict[str, int]]:
    """The login page, and the size of every file it loads."""
    page = fetched(port, "/login/").decode()
    return page, {name: len(fetched(port, name)) for name in ASSET.findall(page)}


def fetched(port: int, address: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{address}", timeout=10) as response:
        assert response.status == 200
        return bytes(response.read())
