"""What can be compared of each account: names, phones, places, nicks, e-mails, birthdays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.members.suggestions.texts import (
    Bits,
    Ints,
    address_parts,
    code_points,
    codes_of,
    keys,
    signatures,
)

# A phone or address on more members than this is a locker's, an agent's or a dormitory's: it says
# nothing. The same number stops strong keys from merging.
MEMBERS_OF_A_VALUE_MAX = 10
NAME_WIDTH = 24

# Kinds of name.
NO_NAME, HAN, MASKED, PET, OTHER = range(5)
_HAN = r"^\p{Han}{2,4}$"
_TITLED = r"^\p{Han}{1,2}(女士|先生|小姐|太太|老师|同学|阿姨|叔叔)$"
_MASKED = r"^[^*]\*+"
_PET = r"^[小阿老]\p{Han}$|^(\p{Han})(\p{Han})$"
_PUBLIC_PLACE = (
    "驿站|快递柜|丰巢|代收|自提|集运|转运|快递点|速递易|格格"
    "|parcel ?locker|packstation|pick-?up point"
)
_RELAY = r"^[+\d*]{11,14}(-|,|转|ext\.?)\d{2,5}$"


@dataclass(frozen=True)
class Names:
    """``code`` numbers equal whole names; ``points`` their first characters."""

    kind: NDArray[np.int8]
    code: Ints
    surname: Ints  # the first character's code point of Han and masked names, else -1
    length: Ints
    points: NDArray[np.uint32]
    hint: Ints  # the character a pet name repeats or prefixes, else -1
    bits: Bits


@dataclass(frozen=True)
class Phones:
    """Whole numbers, and the parts that a mask leaves; -1 where unknown."""

    whole: Ints
    prefix: Ints
    tail: Ints


@dataclass(frozen=True)
class Places:
    """Region codes (-1: unknown) and what an address says; no bits where it says nothing."""

    province: Ints
    city: Ints
    district: Ints
    bits: Bits
    numbers: Bits
    last: Ints
    before: Ints
    written: NDArray[np.bool_]


@dataclass(frozen=True)
class Features:
    """Everything compared, one row an account."""

    member: Ints
    name: Names
    phone: Phones
    place: Places
    email: Ints
    nick: Ints
    birthday: Ints  # yyyymmdd, -1 where unknown


def features(accounts: pa.Table) -> Features:
    """The comparable form of ``accounts`` (``SCHEMA``)."""
    columns = {name: accounts[name].combine_chunks() for name in accounts.column_names}
    member = columns["member_id"].to_numpy()
    owner = np.unique(member, return_inverse=True)[1]
    nick = columns["nick"]
    shown_nick = pc.if_else(pc.match_substring(nick, "*"), None, pc.utf8_trim_whitespace(nick))
    local = pc.replace_substring_regex(pc.utf8_lower(columns["email"]), r"@.*$", "")
    return Features(
        member,
        _names(columns["name"]),
        _phones(columns["phone"], owner),
        _places(columns, owner),
        codes_of(local),
        codes_of(shown_nick),
        _birthdays(columns["birthday"]),
    )


def _names(values: pa.Array) -> Names:
    plain = pc.utf8_lower(pc.utf8_normalize(pc.utf8_trim_whitespace(values), "NFKC"))
    encoded = pc.if_else(pc.equal(plain, ""), None, plain).dictionary_encode()
    distinct, row = encoded.dictionary, encoded.indices.fill_null(-1).to_numpy()

    def fits(pattern: str) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = pc.match_substring_regex(distinct, pattern).to_numpy(
            zero_copy_only=False
        )
        return found

    points = code_points(distinct, NAME_WIDTH)
    double = (points[:, 0] == points[:, 1]) & (points[:, 2] == 0)
    prefixed = np.isin(points[:, 0], [ord(char) for char in "小阿老"]) & (points[:, 2] == 0)
    han = fits(_HAN)
    pet = han & (double | prefixed)
    masked = fits(_TITLED) | fits(_MASKED)
    starred = pc.match_substring(distinct, "*").to_numpy(zero_copy_only=False)
    kind = np.full(len(distinct), OTHER, dtype=np.int8)
    kind[han] = HAN
    kind[starred] = NO_NAME  # the mask shows no first character
    kind[masked] = MASKED
    kind[pet] = PET
    surname = np.where((kind == HAN) | (kind == MASKED), points[:, 0].astype(np.int64), -1)
    hint = np.where(pet, points[:, 1].astype(np.int64), -1)
    code = np.where((kind == HAN) | (kind == OTHER), np.arange(kind.size), -1)
    length = (points > 0).sum(axis=1)
    bits = signatures(_framed(points)) * (kind == OTHER)[:, None].astype(np.uint64)
    # Accounts without a name point at the row appended last.
    blank = np.zeros((1, points.shape[1]), dtype=np.uint32)
    return Names(
        np.append(kind, np.int8(NO_NAME))[row],
        np.append(code, -1)[row],
        np.append(surname, -1)[row],
        np.append(length, 0)[row],
        np.vstack([points, blank])[row, :4],
        np.append(hint, -1)[row],
        np.vstack([bits, np.zeros((1, bits.shape[1]), dtype=np.uint64)])[row],
    )


def _framed(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Words with a mark at either end, so that their first and last letters count twice."""
    wide = np.zeros((points.shape[0], points.shape[1] + 2), dtype=np.uint32)
    wide[:, 1:-1] = points
    mark = ord("_")
    wide[(wide == 32) | (wide == 0)] = mark
    return wide


def _phones(values: pa.Array, owner: Ints) -> Phones:
    plain = pc.utf8_normalize(values, "NFKC")
    relay = pc.match_substring_regex(plain, _RELAY)
    plain = pc.replace_substring_regex(pc.if_else(relay, None, plain), r"[^\d*]", "")
    plain = pc.replace_substring_regex(plain, r"^(?:00)?86(1[\d*]{10})$", r"\1")

    def part(pattern: str, of: pa.Array) -> Ints:
        found = pc.struct_field(pc.extract_regex(of, pattern), "part")
        numbers: Ints = pc.cast(found, pa.int64()).fill_null(-1).to_numpy()
        return numbers

    whole = part(r"^(?P<part>\d{6,15})$", plain)
    whole = _rare(whole, owner)
    masked = pc.if_else(pc.match_substring(plain, "*"), plain, None)
    prefix = np.where(whole >= 10**10, whole // 10**8, -1)
    prefix = np.maximum(prefix, part(r"^(?P<part>\d{3})\d*\*", masked))
    tail = np.where(whole >= 0, whole % 10**4, -1)
    tail = np.maximum(tail, part(r"\*\d*(?P<part>\d{4})$", masked))
    return Phones(whole, prefix, tail)


def _rare(values: Ints, owner: Ints) -> Ints:
    """``values`` without those on more than ``MEMBERS_OF_A_VALUE_MAX`` owners (0, 1, …)."""
    found, where = np.unique(values, return_inverse=True)
    limit = int(owner.max(initial=0)) + 1
    pairs = np.unique(where * limit + owner)
    owners = np.bincount(pairs // limit, minlength=found.size)
    return np.where(owners[where] > MEMBERS_OF_A_VALUE_MAX, -1, values)


def _places(columns: dict[str, pa.Array], owner: Ints) -> Places:
    province = pc.utf8_slice_codeunits(columns["province"], 0, 2)
    city = pc.replace_substring_regex(columns["city"], "市$", "")
    address = columns["address"]
    public = pc.match_substring_regex(pc.utf8_lower(address), _PUBLIC_PLACE)
    address = pc.if_else(pc.or_(public, pc.match_substring(address, "*")), None, address)
    said = np.flatnonzero(pc.is_valid(address).to_numpy(zero_copy_only=False))
    bits, numbers, last, before = address_parts(_without_regions(columns, address, said))
    key = keys(last, *(bits.view(np.int64).T >> 1), numbers.view(np.int64) >> 1)
    key[last < 0] = -1
    private = (_rare(key, owner[said]) >= 0) | (last < 0)

    size = owner.size
    at = said[private]
    all_bits = np.zeros((size, bits.shape[1]), dtype=np.uint64)
    all_bits[at] = bits[private]
    all_numbers = np.zeros(size, dtype=np.uint64)
    all_numbers[at] = numbers[private]
    all_last, all_before = np.full(size, -1), np.full(size, -1)
    all_last[at], all_before[at] = last[private], before[private]
    written = np.zeros(size, dtype=bool)
    written[at] = True
    return Places(
        codes_of(province),
        codes_of(city),
        # A district's name means something within its city alone.
        codes_of(pc.binary_join_element_wise(city, columns["district"], "/")),
        all_bits,
        all_numbers,
        all_last,
        all_before,
        written,
    )


def _without_regions(columns: dict[str, pa.Array], address: pa.Array, said: Ints) -> pa.Array:
    """The addresses at ``said`` without the names of their own province, city and district."""
    at = pa.array(said)
    regions = [columns[name].take(at).to_pylist() for name in ("province", "city", "district")]
    texts = [
        text.strip()
        .removeprefix(province or "")
        .strip()
        .removeprefix(city or "")
        .strip()
        .removeprefix(district or "")
        for text, province, city, district in zip(
            address.take(at).to_pylist(), *regions, strict=True
        )
    ]
    return pa.array(texts, pa.string())


def _birthdays(values: pa.Array) -> Ints:
    parts = (pc.year, pc.month, pc.day)
    year, month, day = (part(values).fill_null(0).to_numpy() for part in parts)
    return np.where(year > 0, year * 10_000 + month * 100 + day, -1)
