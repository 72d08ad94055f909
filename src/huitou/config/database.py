"""Which PostgreSQL to use: ``DATABASE_URL``, else the embedded one in the data folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from huitou.kernel.errors import RefusedInputError

# The ordinary role the product works as; the bootstrap superuser is only for set-up.
APP_ROLE = "huitou"
APP_DATABASE = "huitou"
PORT = 5432
# A Unix socket path is limited to about 104 bytes.
_SOCKET_PATH_MAX = 100


def socket_dir(home: Path) -> Path:
    """The folder of the embedded server's socket; in the temp folder when ``home`` is too long."""
    folder = home / "pg" / "s"
    if len(str(folder / f".s.PGSQL.{PORT}.lock")) < _SOCKET_PATH_MAX:
        return folder
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"huitou-pg-{os.geteuid()}-{digest}"


def database_settings(home: Path) -> dict[str, Any]:
    """Django's ``DATABASES["default"]``.

    Raises ``RefusedInputError`` when ``DATABASE_URL`` is not a PostgreSQL address.
    """
    common: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
    url = os.environ.get("DATABASE_URL")
    if not url:
        return {
            **common,
            "NAME": APP_DATABASE,
            "USER": APP_ROLE,
            "HOST": str(socket_dir(home)),
            "PORT": str(PORT),
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise RefusedInputError(
            "DATABASE_URL",
            "DATABASE_URL must look like postgresql://user:password@host:5432/name",
        )
    return {
        **common,
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or PORT),
    }
