"""Generated Chinese customers with the truth about who is who, for judging identity suggestions.

People have several accounts on several platforms. They move house and change numbers; they live
with others and share addresses and phones with them; a name is often borne by several; platforms
mask what they show; addresses are spelled in many ways. Every share is a constant below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.demo import people_words as words
from huitou.demo.draws import weighted
from huitou.demo.people_places import (
    AGENTS,
    FORWARDED,
    HOME,
    LOCKER,
    Flags,
    Homes,
    Ints,
    Texts,
    digits,
    texts,
)
from huitou.demo.words_zh import GIVEN, NICK_HEADS, SURNAMES
from huitou.members.suggestions import SCHEMA

ACCOUNTS_OF_PERSON = (0.30, 0.30, 0.20, 0.12, 0.08)  # one to five
# Platforms and their share of the accounts.
PLATFORMS = {
    "taobao_2018": 0.15, "taobao": 0.22, "jd": 0.16, "douyin": 0.17, "wechat_shop": 0.08,
    "youzan": 0.11, "pos": 0.07, "shopify": 0.04,
}  # fmt: skip
PAIRED = 0.08  # people who live with another customer
SIBLINGS, TWINS = 0.25, 0.05  # of those pairs; the others have surnames of their own
PARTNER_RECEIVES = 0.05  # orders of a paired person that carry the partner's phone
SHARED_CARD_PHONE = 0.01  # accounts of paired people opened with the partner's phone
MOVED = 0.12  # households
RENUMBERED = 0.05
TYPING_SLIP, CALLED_BY_TITLE, PET_NAME, PHONE_SLIP = 0.04, 0.04, 0.03, 0.005
AT_LOCKER, VIA_AGENT = 0.06, 0.004
CITY_UNKNOWN = 0.02
NAMELESS_CARD = 0.15  # cards and mini-programme accounts opened with a phone alone
RELAYED = 0.01  # of masked phones: relay numbers that say nothing
TELLS_BIRTHDAY, DEFAULT_BIRTHDAY, NEW_YEAR_1990 = 0.35, 0.03, 7_305
YOUZAN_IN_WECHAT = 0.40
NICK_KEPT = 0.35  # people who use one nick everywhere
HAS_EMAIL = 0.40


@dataclass(frozen=True)
class Crowd:
    """Accounts (``suggestions.SCHEMA``), their strong keys, and each account's person.

    ``keys`` has ``account_id, kind, value``; ``person_of_account`` follows ``accounts``' rows.
    """

    accounts: pa.Table
    keys: pa.Table
    person_of_account: Ints


def crowd(accounts: int, seed: int, *, strain: float = 1.0) -> Crowd:
    """``accounts`` accounts of about 0.42 times as many people; the same for the same ``seed``.

    ``strain`` multiplies what makes people hard to tell: shared homes and phones, moves, new
    numbers, relay numbers, slips in phones.

    >>> crowd(50, 1).accounts.equals(crowd(50, 1).accounts)
    True
    """
    rng = np.random.default_rng(seed)
    per_person = sum((n + 1) * share for n, share in enumerate(ACCOUNTS_OF_PERSON))
    # A reserve of people, so that the accounts surely suffice.
    size = int(accounts / per_person * 1.05) + 20
    counts = 1 + rng.choice(5, size, p=ACCOUNTS_OF_PERSON)
    person = rng.permutation(np.repeat(np.arange(size), counts)[:accounts])
    return _Registry(rng, size, strain).opened(person)


class _Registry:
    """Everybody's true data: names, birthdays, homes and phones, before and after a change."""

    def __init__(self, rng: np.random.Generator, size: int, strain: float) -> None:
        self.rng, self.size, self.strain = rng, size, strain
        paired = int(size * min(PAIRED * strain, 1)) // 2 * 2
        everyone = np.arange(size)
        self.partner = np.where(everyone < paired, everyone ^ 1, -1)
        self.household = np.where(everyone < paired, everyone // 2, everyone)
        second = (everyone < paired) & (everyone % 2 == 1)
        bond = rng.random(size)
        self._name_people(second & (bond < SIBLINGS + TWINS), second & (bond < TWINS))
        self.moved_at = _moment(rng, size, MOVED * strain)[self.household]
        self.renumbered_at = _moment(rng, size, RENUMBERED * strain)
        self.phones = [_phones(rng, size) for _ in range(2)]
        self.homes = Homes(rng, size)
        self.nick = _nicks(rng, size)
        self.keeps_nick = rng.random(size) < NICK_KEPT
        self.email = _emails(rng, size)
        self.unionid = texts([f"o{n:07d}" for n in rng.permutation(size)])

    def _name_people(self, relative: Flags, twin: Flags) -> None:
        """Names and birthdays; relatives and twins take after the person before them."""
        rng, size = self.rng, self.size
        surname = weighted(rng.random(size), [1 / (n + 4) for n in range(len(SURNAMES))])
        by_rank = [1 / (n + 8) for n in range(len(GIVEN))]
        first, last = (weighted(rng.random(size), by_rank) for _ in range(2))
        first[rng.random(size) < 0.3] = -1  # given names of one character
        self.birthday = rng.integers(-5_500, 14_000, size)  # days since 1970: 1954 to 2008
        surname[relative] = surname[np.flatnonzero(relative) - 1]
        self.birthday[twin] = self.birthday[np.flatnonzero(twin) - 1]
        first[twin] = first[np.flatnonzero(twin) - 1]
        given = texts(("", *GIVEN))
        self.surnames = texts(SURNAMES)[surname]
        self.given = given[first + 1] + given[last + 1]
        self.last_given = given[last + 1]

    def opened(self, person: Ints) -> Crowd:
        """The accounts of ``person`` (one row each) and what platforms show of them."""
        rng, size = self.rng, person.size
        platform = rng.choice(list(PLATFORMS), size, p=list(PLATFORMS.values())).astype(object)

        def on(*names: str) -> Flags:
            return np.isin(platform, names)

        moment = rng.random(size)
        phone, card_phone = self._phone(person, moment)
        place = self.homes.places(self.household[person], moment >= self.moved_at[person])
        public = self._public_place(size)
        forwarded = public == FORWARDED
        phone[forwarded] = _agents_phones()[rng.integers(0, AGENTS, forwarded.sum())]
        masked, by_phone = on("taobao", "douyin", "wechat_shop"), on("youzan", "pos")

        name = np.where(masked, self.surnames[person] + "*", self._name(person))
        name[on("taobao")] += "*"
        name[by_phone & self._some(size, NAMELESS_CARD)] = None
        shown_phone = self._shown_phone(phone, masked, on("jd"))
        shown_phone[by_phone] = card_phone[by_phone]
        own_nick = on("taobao_2018", "youzan", "douyin")
        nick = np.where(self.keeps_nick[person], self.nick[person], _nicks(rng, size))
        nick[~own_nick] = None
        nick[on("taobao")] = "t**3"
        address = place.spelled(rng, public)
        address[masked | by_phone] = None
        tells_birthday = by_phone & self._some(size, TELLS_BIRTHDAY)
        default = self._some(size, DEFAULT_BIRTHDAY)
        birthday = np.where(default, NEW_YEAR_1990, self.birthday[person]).astype("datetime64[D]")
        city_unknown = self._some(size, CITY_UNKNOWN)
        ids = np.arange(1, size + 1)
        columns = [
            pa.array(ids), pa.array(ids), _column(platform), _column(name), _column(shown_phone),
            _column(self.email[person], ~on("shopify")), _column(nick),
            _column(place.province, city_unknown), _column(place.city, city_unknown),
            _column(place.district, on("pos")), _column(address),
            pa.array(birthday, mask=~tells_birthday),
        ]  # fmt: skip
        email = self.email[person]
        payment = np.where(_known(email), email, card_phone)
        in_wechat = on("wechat_shop") | (on("youzan") & self._some(size, YOUZAN_IN_WECHAT))
        keys = _keys(
            ("phone", by_phone, card_phone),
            ("email", on("shopify"), email),
            ("payment_account", on("taobao_2018"), payment),
            ("unionid", in_wechat, self.unionid[person]),
        )
        return Crowd(pa.table(columns, schema=SCHEMA), keys, person)

    def _some(self, size: int, share: float) -> Flags:
        return self.rng.random(size) < share

    def _phone(self, person: Ints, moment: NDArray[np.float64]) -> tuple[Texts, Texts]:
        """The phone on the parcel and the phone the account was opened with."""
        old, new = self.phones

        def number(of: Ints) -> Texts:
            return np.where(moment >= self.renumbered_at[of], new[of], old[of])

        own, partner = number(person), self.partner[person]
        partners = number(partner)
        shared = np.where(partner >= 0, self.rng.random(person.size), np.inf)
        return (
            np.where(shared < PARTNER_RECEIVES * self.strain, partners, own),
            np.where(shared < SHARED_CARD_PHONE * self.strain, partners, own),
        )

    def _shown_phone(self, phone: Texts, masked: Flags, tail_only: Flags) -> Texts:
        rng, size = self.rng, phone.size
        shown = np.where(masked, _masked(phone, 3), phone)
        shown[tail_only] = _masked(phone[tail_only], 1)
        slipped = ~masked & self._some(size, PHONE_SLIP * self.strain)
        shown[slipped] = _slipped(rng, shown[slipped])
        relayed = masked & self._some(size, RELAYED * self.strain)
        shown[relayed] = _relays(rng, int(relayed.sum()))
        return shown

    def _public_place(self, size: int) -> Ints:
        """Which accounts have their parcels sent to a locker near home or a forwarding agent."""
        draw = self.rng.random(size)
        near_home = np.where(draw < VIA_AGENT + AT_LOCKER, LOCKER, HOME)
        return np.where(draw < VIA_AGENT, FORWARDED, near_home)

    def _name(self, person: Ints) -> Texts:
        """Names as people write them: slips, titles, pet names."""
        rng, size = self.rng, person.size
        surname, given = self.surnames[person], self.given[person]
        how = rng.random(size)
        slip = how < TYPING_SLIP
        given[slip] = [_alike(rng, text) for text in given[slip]]
        name = surname + given
        title = (how >= TYPING_SLIP) & (how < TYPING_SLIP + CALLED_BY_TITLE)
        name[title] = surname[title] + texts(words.CALLED)[rng.integers(0, 3, title.sum())]
        pet = how >= 1 - PET_NAME
        last = self.last_given[person]
        name[pet] = np.where(self._some(size, 0.5), last + last, "小" + last)[pet]
        return name


def _known(values: Texts) -> Flags:
    return np.array([value is not None for value in values])


def _column(values: Texts, unknown: Flags | None = None) -> pa.Array:
    return pa.array(values, pa.string(), mask=unknown)


def _moment(rng: np.random.Generator, size: int, share: float) -> NDArray[np.float64]:
    """When a change came, in [0, 1); 0 (always the later state) for those without one."""
    return np.where(rng.random(size) < share, rng.random(size), 0.0)


def _phones(rng: np.random.Generator, size: int) -> Texts:
    prefix = np.array(words.PREFIXES)[rng.integers(0, len(words.PREFIXES), size)]
    return digits(prefix * 10**8 + rng.integers(0, 10**8, size))


def _agents_phones() -> Texts:
    """The same for every seed."""
    return _phones(np.random.default_rng(7), AGENTS)


def _masked(phones: Texts, shown: int) -> Texts:
    """``138****8000``: the first ``shown`` and the last four digits."""
    stars = "*" * (7 - shown)
    return texts([phone[:shown] + stars + phone[7:] for phone in phones])


def _relays(rng: np.random.Generator, size: int) -> Texts:
    return texts(
        [
            f"184****{tail:04d}-{extension:04d}"
            for tail, extension in rng.integers(0, 9_999, (size, 2))
        ]
    )


def _slipped(rng: np.random.Generator, phones: Texts) -> Texts:
    """One of the last digits typed wrongly."""
    return texts(
        [phone[:-1] + str((int(phone[-1]) + rng.integers(1, 10)) % 10) for phone in phones]
    )


def _nicks(rng: np.random.Generator, size: int) -> Texts:
    heads = texts(NICK_HEADS)[rng.integers(0, len(NICK_HEADS), size)]
    return heads + digits(rng.integers(1, 10_000, size))


def _emails(rng: np.random.Generator, size: int) -> Texts:
    hosts = texts(("@qq.com", "@163.com", "@126.com"))[rng.integers(0, 3, size)]
    emails = digits(10**8 + rng.permutation(9 * size)[:size] * 97) + hosts
    emails[rng.random(size) >= HAS_EMAIL] = None
    return emails


_ALIKE = {char: group for group in words.SOUND_ALIKE for char in group}


def _alike(rng: np.random.Generator, given: str) -> str:
    """``given`` with one character that sounds alike, where there is one."""
    at = int(rng.integers(0, len(given)))
    others = [char for char in _ALIKE.get(given[at], "") if char != given[at]]
    other = others[int(rng.integers(0, len(others)))] if others else given[at]
    return given[:at] + other + given[at + 1 :]


def _keys(*kinds: tuple[str, Flags, Texts]) -> pa.Table:
    """``account_id, kind, value`` of the accounts that have each kind of key."""
    parts = []
    for kind, has, values in kinds:
        at = np.flatnonzero(has & _known(values))
        parts.append(
            pa.table(
                {
                    "account_id": at + 1,
                    "kind": pa.array([kind] * at.size, pa.string()),
                    "value": pa.array(values[at], pa.string()),
                }
            )
        )
    return pa.concat_tables(parts)
