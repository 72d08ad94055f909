"""The wheel carries everything `huitou up` needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "huitou"
BUILT = PACKAGE / "ui" / "static" / "dist"
CARRIED = ("*.html", "*.po", "*.yaml", "*.yml", "*.json", "*.sql", "*.css", "*.js")


@pytest.mark.skipif(not BUILT.exists(), reason="the web assets are not built: make assets")
def test_wheel_carries_code_assets_and_translations(tmp_path: Path) -> None:
    # given a copy, so that building leaves no trace in the checkout
    source = tmp_path / "source"
    left_out = shutil.ignore_patterns(".*", "node_modules", "tests", "__pycache__", "build")
    shutil.copytree(ROOT, source, ignore=left_out)

    # when
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "."]
    done = subprocess.run(
        [*command, str(source)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
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
