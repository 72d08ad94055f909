"""Bodies on their way in: bounded, unzipped, read as JSON without any of its loopholes.

Duplicate keys, NUL, endless nesting and hidden size are refused before a value is looked at: the
common readers let the last of two equal keys win, and PostgreSQL cannot hold a NUL.
"""

from __future__ import annotations

import json
import zlib
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest

from huitou.api.problems import Problem, fault_of

# A full batch of a thousand orders with lines is about half of this.
BODY_BYTES_MAX = 4 * 1024 * 1024
# A message nests six deep at most.
DEPTH_MAX = 16

# What may stand between a key and its colon.
_SPACE = b" \t\r\n"
_CONTAINERS = frozenset({dict, list})
T = TypeVar("T")


def read_json(request: HttpRequest, kind: type[T]) -> T:
    """The request's body as ``kind``; raises ``Problem`` with status 400, 413, 415 or 422."""
    if request.content_type != "application/json":
        raise Problem(415, "NOT_JSON", "Send Content-Type: application/json.")
    return decoded(read_body(request), kind)


def read_body(request: HttpRequest) -> bytes:
    """The body, unzipped; raises ``Problem`` (400, 413, 415) beyond ``BODY_BYTES_MAX``."""
    stated = request.META.get("CONTENT_LENGTH") or "0"
    if not stated.isdecimal() or int(stated) > BODY_BYTES_MAX:
        raise _too_large()
    raw = request.read(BODY_BYTES_MAX + 1)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        raw = _unzipped(raw)
    elif encoding not in ("identity", ""):
        raise Problem(415, "ENCODING", "Send the body plain or with Content-Encoding: gzip.")
    if len(raw) > BODY_BYTES_MAX:
        raise _too_large()
    return raw


def decoded(raw: bytes, kind: type[T]) -> T:
    """``raw`` as ``kind``, strictly; raises ``Problem`` with status 400 or 422."""
    _refuse_loopholes(raw)
    try:
        return msgspec.json.decode(raw, type=kind, strict=True)
    except msgspec.ValidationError as error:
        fault = fault_of(error)
        raise Problem(422, "INVALID_BODY", f"{fault.detail} at {fault.pointer}", [fault]) from None


def _refuse_loopholes(raw: bytes) -> None:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "MALFORMED_JSON", f"The body is not sound JSON: {error}") from None
    except RecursionError:
        raise _too_deep() from None
    keys = _keys_of(value)
    # As many keys on the way in as came out: none was given twice. Text can only make this count
    # too high, which asks the slow and exact reader.
    if raw.translate(None, _SPACE).count(b'":') != keys:
        _refuse_duplicates(raw)
    if b"\\" in raw and b"\\u0000" in raw:
        _refuse_nul(value)


def _keys_of(value: Any) -> int:
    """The number of keys of all objects within ``value``, a level of nesting at a time."""
    count = 0
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(DEPTH_MAX + 1):
        count += sum([len(each) for each in level if type(each) is dict])
        level = [
            child
            for each in level
            for child in (each.values() if type(each) is dict else each)
            if type(child) in _CONTAINERS
        ]
        if not level:
            return count
    raise _too_deep()


def _refuse_duplicates(raw: bytes) -> None:
    def checked(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise Problem(400, "DUPLICATE_KEY", f"The key {twice!r} is given twice in one object.")

    json.loads(raw, object_pairs_hook=checked)


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str) and "\x00" in value:
        raise Problem(400, "NUL", "A text holds the character NUL (\\u0000); remove it.")
    if isinstance(value, dict):
        for name, child in value.items():
            _refuse_nul(name)
            _refuse_nul(child)
    elif isinstance(value, list):
        for child in value:
            _refuse_nul(child)


def _unzipped(raw: bytes) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(raw, BODY_BYTES_MAX + 1)
    except zlib.error:
        raise Problem(400, "BAD_GZIP", "The body is not a sound gzip stream.") from None
    if len(plain) > BODY_BYTES_MAX:
        raise _too_large()
    if not stream.eof or stream.unused_data:
        raise Problem(400, "BAD_GZIP", "The gzip stream is cut or has more behind its end.")
    return plain


def _too_large() -> Problem:
    limit = BODY_BYTES_MAX // 1024**2
    return Problem(413, "TOO_LARGE", f"A body has at most {limit} MiB, also once unzipped.")


def _too_deep() -> Problem:
    return Problem(400, "TOO_DEEP", f"The body nests deeper than {DEPTH_MAX} levels.")
