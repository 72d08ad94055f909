"""Which PostgreSQL to use: ``DATABASE_URL``, else the embedded one in the data folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from huitou.kernel.errors import RefusedInputError

# The ordinary role the product works as; the bootstrap superuser is only for set-up.
APP_ROLE = "huitou"
APP_DATABASE = "huitou"
PORT = 5432
# Where root keeps what the server's own user must reach when the data folder is out of its sight.
SYSTEM_ROOT = Path("/var/lib/huitou-pg")
_SCHEMES = ("postgresql://", "postgres://")
# Seconds after which an unreachable server is given up.
_CONNECT_TIMEOUT = "10"
# A Unix socket path is limited to about 104 bytes.
_SOCKET_PATH_MAX = 100


def is_embedded() -> bool:
    """Whether the embedded server is used, that is ``DATABASE_URL`` is not set."""
    return not os.environ.get("DATABASE_URL")


def server_uid(home: Path) -> int:
    """The user id the embedded server belongs to; 0 stands for root's choice of a system user.

    PostgreSQL refuses to run as root, so root hands the server of somebody's data folder to that
    person, and of its own data folder to a system user.
    """
    return os.geteuid() or (home.stat().st_uid if home.exists() else 0)


def open_to(path: Path, uid: int) -> bool:
    """Whether user ``uid`` may enter the folder ``path``; 0 stands for some system user.

    Group membership is not looked at.
    """
    status = path.stat()
    return bool(status.st_mode & (0o100 if uid and status.st_uid == uid else 0o001))


def cluster_root(home: Path) -> Path:
    """The folder of the embedded server's files: ``home/pg``.

    Only when root keeps its data below a closed folder such as ``/root``, where the server's own
    user cannot go, it is ``/var/lib/huitou-pg/<digest of home>``.
    """
    uid = server_uid(home)
    if os.geteuid() != 0 or all(open_to(parent, uid) for parent in home.parents):
        return home / "pg"
    return SYSTEM_ROOT / _digest(home)


def socket_dir(home: Path) -> Path:
    """The folder of the embedded server's socket; in the temp folder when ``home`` is too long."""
    folder = cluster_root(home) / "s"
    if len(str(folder / f".s.PGSQL.{PORT}.lock")) < _SOCKET_PATH_MAX:
        return folder
    return Path(tempfile.gettempdir()) / f"huitou-pg-{server_uid(home)}-{_digest(home)}"


def database_settings(home: Path) -> dict[str, Any]:
    """Django's ``DATABASES["default"]``.

    Raises ``RefusedInputError`` when ``DATABASE_URL`` is not a PostgreSQL address.
    """
    common: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
    if is_embedded():
        return {
            **common,
            "NAME": APP_DATABASE,
            "USER": APP_ROLE,
            "HOST": str(socket_dir(home)),
            "PORT": str(PORT),
        }
    return {**common, **_from_url(os.environ["DATABASE_URL"])}


def _from_url(url: str) -> dict[str, Any]:
    """The settings a libpq address stands for; its query may hold any libpq parameter.

    >>> _from_url("postgresql://me@/crm?host=/run/postgresql&sslmode=disable")["HOST"]
    '/run/postgresql'
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        found = conninfo_to_dict(url)
    except ProgrammingError:
        found = {}
    port = str(found.pop("port", PORT))
    if not (url.startswith(_SCHEMES) and found.get("dbname") and port.isdigit()):
        # libpq's own words might repeat the password.
        raise RefusedInputError(
            "DATABASE_URL",
            "DATABASE_URL must look like postgresql://user:password@host:5432/name"
            " or postgresql://user@/name?host=/folder/of/socket",
        ) from None
    return {
        "NAME": found.pop("dbname"),
        "USER": found.pop("user", ""),
        "PASSWORD": found.pop("password", ""),
        "HOST": found.pop("host", ""),
        "PORT": port,
        "OPTIONS": {"connect_timeout": _CONNECT_TIMEOUT, **found},
    }


def _digest(home: Path) -> str:
    return hashlib.sha256(str(home).encode()).hexdigest()[:12]
