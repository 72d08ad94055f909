"""The keys of this installation: one file each in the ``keys`` folder, or the environment.

A sealing key is called by its id, the second it was made in (so ids order by age and are not met
again after a key was lost). The newest seals, all of them open. The index key hashes addresses and
is never replaced, because hashes cannot be made again without the addresses.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from huitou.vault.errors import BadKeyError, MissingKeyError

KEY_BYTES = 32
INDEX_FILE = "index.key"
_FOLDER = "keys"
# Several hosts share keys through these; the folder is then not used at all.
SEAL_VARIABLE = "HUITOU_SEAL_KEYS"  # ID=KEY,ID=KEY; keys in base64
INDEX_VARIABLE = "HUITOU_INDEX_KEY"
_SEAL_FILE = re.compile(r"seal-(\d{1,10})\.key")
_KEY_ID_MAX = 2**32 - 1


@dataclass(frozen=True)
class Keyring:
    """Every key by id, ready for use; ``current`` is the id new values are sealed under."""

    current: int
    ciphers: Mapping[int, AESGCM] = field(repr=False)
    index_key: bytes = field(repr=False)

    def cipher(self, key_id: int) -> AESGCM:
        """The key's cipher. Raises ``MissingKeyError`` naming the id."""
        try:
            return self.ciphers[key_id]
        except KeyError:
            raise MissingKeyError(
                f"Sealing key {key_id} is missing: put seal-{key_id}.key back into the keys "
                f"folder (or its entry into {SEAL_VARIABLE}) from a backup. Values sealed under "
                "it cannot be opened without it."
            ) from None


def keyring() -> Keyring:
    """The keys as they stand now; made on the first call of an installation.

    A key added by another process is seen at once. Raises ``BadKeyError``, and ``MissingKeyError``
    when there are sealing keys but no index key.
    """
    if os.environ.get(SEAL_VARIABLE):
        return _from_environment(os.environ[SEAL_VARIABLE], os.environ.get(INDEX_VARIABLE, ""))
    # As text: this is asked for every sealed value that is read by itself.
    folder = f"{settings.HUITOU_HOME}/{_FOLDER}"
    try:
        stamp = os.stat(folder).st_mtime_ns
    except FileNotFoundError:
        stamp = 0
    return _from_folder(folder, stamp)


def rotate(*, now: float | None = None) -> int:
    """Make a new sealing key, which seals from now on; returns its id. Older keys stay.

    Raises ``BadKeyError`` when the keys come from the environment.
    """
    if os.environ.get(SEAL_VARIABLE):
        raise BadKeyError(f"The keys come from {SEAL_VARIABLE}: add a newer ID=KEY there.")
    newest = keyring().current
    key_id = max(int(time.time() if now is None else now), newest + 1)
    if key_id > _KEY_ID_MAX:
        raise BadKeyError(f"Key ids end at {_KEY_ID_MAX}; is the clock right?")
    _write_key(keys_folder() / f"seal-{key_id}.key")
    return key_id


def new_key() -> str:
    """A random key in base64, as files and variables hold it."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def keys_folder() -> Path:
    """The folder of the key files."""
    return Path(settings.HUITOU_HOME) / _FOLDER


@lru_cache(maxsize=4)
def _from_folder(path: str, stamp: int) -> Keyring:
    folder = Path(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    index = folder / INDEX_FILE
    files = _seal_files(folder)
    if not files:
        # The index key comes first: without a sealing key beside it, this start was cut short.
        if not index.exists():
            _write_key(index)
        _write_key(folder / f"seal-{int(time.time())}.key")
        files = _seal_files(folder)
    if not index.exists():
        raise MissingKeyError(
            f"{INDEX_FILE} is missing from the keys folder: put it back from a backup. A new one "
            "would no longer recognise the addresses of opted-out and erased people."
        )
    ciphers = {key_id: AESGCM(_read_key(file)) for key_id, file in files.items()}
    return Keyring(max(ciphers), ciphers, _read_key(index))


def _seal_files(folder: Path) -> dict[int, Path]:
    found = {}
    for file in folder.iterdir():
        if match := _SEAL_FILE.fullmatch(file.name):
            found[int(match[1])] = file
    return found


@lru_cache(maxsize=4)
def _from_environment(seal_keys: str, index_key: str) -> Keyring:
    ciphers = {}
    for entry in seal_keys.split(","):
        key_id, _, key = entry.strip().partition("=")
        if not (key_id.isascii() and key_id.isdigit()) or int(key_id) > _KEY_ID_MAX:
            raise BadKeyError(f"{SEAL_VARIABLE} holds ID=KEY,ID=KEY with whole numbers as ids.")
        ciphers[int(key_id)] = AESGCM(_decoded(key, SEAL_VARIABLE))
    if not index_key:
        raise MissingKeyError(f"{INDEX_VARIABLE} must be set together with {SEAL_VARIABLE}.")
    return Keyring(max(ciphers), ciphers, _decoded(index_key, INDEX_VARIABLE))


def _write_key(file: Path) -> None:
    """Make a key file that only its owner reads; one that another process just made is kept.

    It appears whole under its name, so that nobody reads half a key.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(new_key())
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read_key(file: Path) -> bytes:
    mode = file.stat().st_mode & 0o777
    if mode & 0o077:
        raise BadKeyError(f"Others may read {file.name} (mode {mode:o}); run chmod 600 on it.")
    return _decoded(file.read_text(), file.name)


def _decoded(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadKeyError(f"{source} does not hold a key of {KEY_BYTES} bytes in base64.")
    return key
