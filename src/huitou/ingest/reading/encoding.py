"""Which encoding a text file is in: UTF-8, GB18030 or UTF-16 with a mark; never guessed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from huitou.ingest.reading import limits
from huitou.kernel.errors import RefusedInputError

_ASK = "save it as UTF-8 (另存为 UTF-8), or name the encoding in a mapping (encoding: …)"
_UTF_7 = re.compile(rb"\+[A-Za-z0-9/+]{3,}")


# Encodings a person may name when the file does not tell: in all of them the bytes of quotes,
# commas, semicolons, tabs and line ends are never part of another character. UTF-16 is read as
# UTF-8 before that matters.
NAMED_ENCODINGS = (
    "utf-8", "gb18030", "big5", "windows-1252", "iso-8859-1", "iso-8859-15", "windows-1250",
    "windows-1251", "shift_jis", "euc-kr", "utf-16-le", "utf-16-be",
)  # fmt: skip
_MARKS = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


def choose_encoding(path: Path) -> str:
    """``utf-8``, ``utf-8-sig``, ``gb18030``, ``utf-16-le`` or ``utf-16-be``.

    UTF-8 is tried first and strictly. When only some lines fail it, the majority of the lines that
    are not ASCII decides, and the rest of them are set aside one by one when the rows are read.
    Raises ``RefusedInputError`` UNKNOWN_ENCODING.
    """
    with path.open("rb") as file:
        start = file.read(4)
        if start[:3] == b"\xef\xbb\xbf":
            return "utf-8-sig"
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16-le" if start[:2] == b"\xff\xfe" else "utf-16-be"
        file.seek(0)
        sample = _first_beyond_ascii(file)
    if sample.count(0) > len(sample) // 8:
        raise RefusedInputError(
            "UNKNOWN_ENCODING", f"{path.name}: looks like UTF-16 without a byte order mark; {_ASK}"
        )
    return _encoding_of(sample, path.name)


def mark_length(start: bytes, encoding: str) -> int:
    """The number of bytes of the byte order mark at ``start``.

    >>> mark_length(b"\\xff\\xfea\\x00", "utf-16-le"), mark_length(b"a\\x00", "utf-16-le")
    (2, 0)
    """
    mark = _MARKS.get(encoding.removesuffix("-sig"), b"")
    return len(mark) if mark and start.startswith(mark) else 0


def _first_beyond_ascii(file: BinaryIO) -> bytes:
    """The lines from the first byte that is not ASCII on; the head of an ASCII file."""
    head = b""
    while block := file.read(limits.BLOCK_BYTES):
        head = head or block[: limits.ENCODING_SAMPLE_BYTES]
        if not block.isascii():
            first = next(re.finditer(rb"[\x80-\xff]", block)).start()
            line = block.rfind(b"\n", 0, first) + 1
            return (block[line:] + file.read(limits.ENCODING_SAMPLE_BYTES))[
                : limits.ENCODING_SAMPLE_BYTES
            ]
    return head


def _encoding_of(sample: bytes, name: str) -> str:
    if sample.isascii():
        first_line = sample.partition(b"\n")[0]
        if _UTF_7.search(first_line) and _is_chinese(first_line.decode("utf-7", "replace")):
            raise RefusedInputError("UNKNOWN_ENCODING", f"{name}: looks like UTF-7; {_ASK}")
        return "utf-8"
    lines = [line for line in re.split(rb"[\r\n]+", sample) if not line.isascii()]
    # The sample may end in the middle of a line, and that line in the middle of a character.
    if len(lines) > 1 and len(sample) == limits.ENCODING_SAMPLE_BYTES:
        lines = lines[:-1]
    as_utf8 = sum(_decodes(line, "utf-8") for line in lines)
    as_gb = sum(_decodes(line, "gb18030") and not _decodes(line, "utf-8") for line in lines)
    if as_utf8 and as_utf8 >= as_gb:
        return "utf-8"
    if as_gb:
        text = b"\n".join(lines)
        if _looks_like_big5(text):
            raise RefusedInputError("UNKNOWN_ENCODING", f"{name}: looks like Big5; {_ASK}")
        # Accented Latin letters pair up with their neighbours to characters that nobody writes.
        if _share_of_daily_use(text.decode("gb18030", "replace"), "gb2312", 0xB0, 0xF7) >= 0.2:
            return "gb18030"
    raise RefusedInputError("UNKNOWN_ENCODING", f"{name}: neither UTF-8 nor GB18030; {_ASK}")


def _is_chinese(text: str) -> bool:
    """Whether ``text`` has letters beyond ASCII and all of them are Chinese."""
    beyond = [c for c in text if not c.isascii()]
    return bool(beyond) and all(
        "\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" for c in beyond
    )


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _looks_like_big5(text: bytes) -> bool:
    """Whether Big5 fits, and fits better: GB18030 would give characters that hardly anyone writes.

    >>> _looks_like_big5("陳美麗請儘快發貨".encode("big5")), _looks_like_big5("顾岚".encode("gbk"))
    (True, False)
    """
    try:
        as_big5 = text.decode("big5")
    except UnicodeDecodeError:
        return False
    as_gb = text.decode("gb18030", "replace")
    gb = _share_of_daily_use(as_gb, "gb2312", 0xB0, 0xF7)
    return gb < 0.8 and _share_of_daily_use(as_big5, "big5", 0xA4, 0xC6) > gb


def _share_of_daily_use(text: str, charset: str, first: int, last: int) -> float:
    """The share of the Chinese characters of ``text`` whose lead byte is in the range."""
    letters = [c for c in text if ord(c) >= 0x3400]
    leads = [c.encode(charset, "ignore")[:1] for c in letters]
    return sum(first <= lead[0] <= last for lead in leads if lead) / max(len(letters), 1)


def is_misplaced_utf8(line: bytes) -> bool:
    """Whether a line of a GB18030 file is really UTF-8 and would decode to nonsense.

    >>> is_misplaced_utf8("青禾小筑".encode()), is_misplaced_utf8("联通".encode("gb18030"))
    (True, False)
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return sum("\u3000" <= c <= "\uffef" for c in text) >= 2
