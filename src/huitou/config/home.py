"""Where Huitou keeps its data: the folder named by ``HUITOU_HOME``."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def home() -> Path:
    """The data folder (database, lake, uploads, keys); ``~/.huitou`` unless ``HUITOU_HOME`` is set.

    The folder is created readable by its owner only.
    """
    path = Path(os.environ.get("HUITOU_HOME") or Path.home() / ".huitou").expanduser().resolve()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def secret_key() -> str:
    """The installation's signing key, made on first use and kept in ``keys/secret_key``."""
    folder = home() / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "secret_key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text()
    with os.fdopen(descriptor, "w") as handle:
        handle.write(secrets.token_urlsafe(50))
    return file.read_text()
