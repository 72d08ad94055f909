"""Generated Chinese customers with the truth about who is who, for judging identity suggestions.

People have several accounts on several platforms. They move house and change numbers; they live
with others and share addresses and phones with them; a name is often borne by several; platforms
mask what they show; addresses are spelled in many ways. Every share is a constant below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.demo import people_words as words
from huitou.demo.draws import weighted
from huitou.demo.words_zh import GIVEN, NICK_HEADS, PLACES, SURNAMES
from huitou.members.suggestions import SCHEMA

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
Flags = NDArray[np.bool_]

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
MOVED, OTHER_CITY = 0.12, 0.40  # households that moved, and how many of them to another city
RENUMBERED = 0.05
TYPING_SLIP, CALLED_BY_TITLE, PET_NAME, PHONE_SLIP = 0.04, 0.04, 0.03, 0.005
AT_LOCKER, VIA_AGENT, IN_DORMITORY = 0.06, 0.004, 0.06
CITY_UNKNOWN = 0.02
NAMELESS_CARD = 0.15  # cards and mini-programme accounts opened with a phone alone
VIRTUAL_PHONE = 0.01  # of masked phones: relay numbers that say nothing
NICK_KEPT = 0.35  # people who use one nick everywhere
HAS_EMAIL = 0.40
AGENTS = 20
LOCKERS_OF_DISTRICT = 3
DORMITORIES_OF_CITY = 4


@dataclass(frozen=True)
class Crowd:
    """Accounts (``suggestions.SCHEMA``), their strong keys, and each account's person.

    ``keys`` has ``account_id, kind, value``; ``person_of_account`` follows ``accounts``' rows.
    """

    accounts: pa.Table
    keys: pa.Table
    person_of_account: Ints


def crowd(accounts: int, seed: int) -> Crowd:
    """``accounts`` accounts of about 0.42 times as many people; the same for the same ``seed``.

    >>> crowd(50, 1).accounts.equals(crowd(50, 1).accounts)
    True
    """
    rng = np.random.default_rng(seed)
    per_person = sum((n + 1) * share for n, share in enumerate(ACCOUNTS_OF_PERSON))
    # A reserve of people, so that the accounts surely suffice.
    size = int(accounts / per_person * 1.05) + 20
    counts = 1 + rng.choice(5, size, p=ACCOUNTS_OF_PERSON)
    person = rng.permutation(np.repeat(np.arange(size), counts)[:accounts])
    return _Registry(rng, size).opened(person)


class _Registry:
    """Everybody's true data: names, birthdays, homes and phones, before and after a change."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.rng, self.size = rng, size
        paired = int(size * PAIRED) // 2 * 2
        everyone = np.arange(size)
        self.partner = np.where(everyone < paired, everyone ^ 1, -1)
        self.household = np.where(everyone < paired, everyone // 2, everyone)
        second = (everyone < paired) & (everyone % 2 == 1)
        bond = rng.random(size)
        relative = second & (bond < SIBLINGS + TWINS)
        twin = second & (bond < TWINS)

        self.surname = weighted(rng.random(size), [1 / (n + 4) for n in range(len(SURNAMES))])
        by_rank = [1 / (n + 8) for n in range(len(GIVEN))]
        first, last = (weighted(rng.random(size), by_rank) for _ in range(2))
        alone = rng.random(size) < 0.3  # given names of one character
        first[alone] = -1
        self.birthday = rng.integers(-5_500, 14_000, size)  # days since 1970: 1954 to 2008
        self.surname[relative] = self.surname[everyone[relative] - 1]
        self.birthday[twin] = self.birthday[everyone[twin] - 1]
        first[twin] = first[everyone[twin] - 1]
        given = _texts(("", *GIVEN))
        self.surnames, self.given = _texts(SURNAMES)[self.surname], given[first + 1] + given[last + 1]
        self.last_given = given[last + 1]

        self.moved_at = _moment(rng, size, MOVED)[self.household]
        self.renumbered_at = _moment(rng, size, RENUMBERED)
        self.phones = [_phones(rng, size) for _ in range(2)]
        self.homes = _Homes(rng, size)
        self.nick = _nicks(rng, size)
        self.keeps_nick = rng.random(size) < NICK_KEPT
        self.email = _emails(rng, size)
        self.unionid = _texts([f"o{n:07d}" for n in rng.permutation(size)])

    def opened(self, person: Ints) -> Crowd:
        """The accounts of ``person`` (one row each) and what platforms show of them."""
        rng, size = self.rng, person.size
        shares = np.array(list(PLATFORMS.values()))
        platform = _texts(list(PLATFORMS))[rng.choice(len(PLATFORMS), size, p=shares)]
        moment = rng.random(size)
        phone, card_phone = self._phone(person, moment)
        moved = moment >= self.moved_at[person]
        place = self.homes.places(self.household[person], moved)
        public = self._public_place(size)
        agent = public == 2
        phone[agent] = _phones(np.random.default_rng(7), AGENTS)[rng.integers(0, AGENTS, agent.sum())]
        name = self._name(person)

        def on(*names: str) -> Flags:
            return np.isin(platform, names)

        masked = on("taobao", "douyin", "wechat_shop")
        clear = on("taobao_2018", "jd", "shopify")
        stars = np.where(on("taobao"), "**", "*").astype(object)
        shown_name = np.where(masked, self.surnames[person] + stars, name)
        shown_name[on("youzan", "pos") & (rng.random(size) < NAMELESS_CARD)] = None
        shown_phone = np.where(masked, _masked(phone, 3), phone)
        shown_phone = np.where(on("jd"), _masked(phone, 1), shown_phone)
        relay = masked & (rng.random(size) < VIRTUAL_PHONE)
        shown_phone[relay] = _relays(rng, int(relay.sum()))
        by_phone = on("youzan", "pos")
        shown_phone[by_phone] = card_phone[by_phone]
        slipped = ~masked & ~by_phone & (rng.random(size) < PHONE_SLIP)
        shown_phone[slipped] = _slipped(rng, shown_phone[slipped])

        address = place.spelled(rng, public)
        address[~clear] = None
        knows_city = (rng.random(size) >= CITY_UNKNOWN)
        own_nick = on("taobao_2018", "youzan", "douyin")
        kept = own_nick & self.keeps_nick[person]
        nick = np.where(kept, self.nick[person], _nicks(rng, size))
        nick[~own_nick] = None
        nick[on("taobao")] = "t**3"
        tells_birthday = by_phone & (rng.random(size) < 0.35)
        default_day = tells_birthday & (rng.random(size) < 0.03)
        birthday = np.where(default_day, 7_305, self.birthday[person]).astype("datetime64[D]")
        email = np.where(on("shopify"), self.email[person], None)
        ids = np.arange(1, size + 1)

        def known(values: Texts) -> pa.Array:
            return pa.array(np.where(knows_city, values, None), pa.string())

        columns = [
            pa.array(ids), pa.array(ids), pa.array(platform, pa.string()),
            pa.array(shown_name, pa.string()), pa.array(shown_phone, pa.string()),
            pa.array(email, pa.string()), pa.array(nick, pa.string()),
            known(place.province), known(place.city),
            pa.array(np.where(on("pos"), None, place.district), pa.string()),
            pa.array(address, pa.string()), pa.array(birthday, mask=~tells_birthday),
        ]  # fmt: skip
        payment = np.where(self.email[person] == None, card_phone, self.email[person])  # noqa: E711
        keys = _keys(
            ("phone", by_phone, card_phone),
            ("email", on("shopify"), self.email[person]),
            ("payment_account", on("taobao_2018"), payment),
            ("unionid", on("wechat_shop") | (on("youzan") & (rng.random(size) < 0.4)),
             self.unionid[person]),
        )  # fmt: skip
        return Crowd(pa.table(columns, schema=SCHEMA), keys, person)

    def _phone(self, person: Ints, moment: NDArray[np.float64]) -> tuple[Texts, Texts]:
        """The phone on the parcel and the phone the account was opened with."""
        old, new = self.phones

        def number(of: Ints) -> Texts:
            return np.where(moment >= self.renumbered_at[of], new[of], old[of])

        own, partner = number(person), self.partner[person]
        partners = number(partner)
        shared = np.where(partner >= 0, self.rng.random(person.size), 1.0)
        return (
            np.where(shared < PARTNER_RECEIVES, partners, own),
            np.where(shared < SHARED_CARD_PHONE, partners, own),
        )

    def _public_place(self, size: int) -> Ints:
        """0 at home, 1 a parcel locker or agent near home, 2 a forwarding agent."""
        draw = self.rng.random(size)
        return np.where(draw < VIA_AGENT, 2, np.where(draw < VIA_AGENT + AT_LOCKER, 1, 0))

    def _name(self, person: Ints) -> Texts:
        """Names as people write them: slips, titles, pet names."""
        rng, size = self.rng, person.size
        surname, given = self.surnames[person], self.given[person]
        how = rng.random(size)
        slip = how < TYPING_SLIP
        given[slip] = [_alike(rng, text) for text in given[slip]]
        name = surname + given
        title = (how >= TYPING_SLIP) & (how < TYPING_SLIP + CALLED_BY_TITLE)
        name[title] = surname[title] + _texts(words.CALLED)[rng.integers(0, 3, title.sum())]
        pet = (how >= 1 - PET_NAME) & (how < 1)
        last = self.last_given[person]
        double = rng.random(size) < 0.5
        name[pet] = np.where(double, last + last, "小" + last)[pet]
        return name


@dataclass(frozen=True)
class _Places:
    """Where parcels of each account go, in parts."""

    province: Texts
    city: Texts
    district: Texts
    street: Texts
    number: Ints
    compound: Texts
    building: Ints
    unit: Ints
    room: Ints
    dormitory: Ints  # 0: a home of one's own
    locker: Ints

    def spelled(self, rng: np.random.Generator, public: Ints) -> Texts:
        """Each address as somebody might write it; no two people write alike."""
        size = self.city.size

        def often(share: float) -> Flags:
            return rng.random(size) < share

        def some(share: float, values: Texts) -> Texts:
            return np.where(often(share), values, "").astype(object)

        number = _digits(self.number)
        building = np.where(often(0.08) & (self.building < 10), _counted(self.building),
                            _digits(self.building))  # fmt: skip
        block = building + _texts(("栋", "幢", "号楼", "#", "-"))[rng.integers(0, 5, size)]
        unit = some(0.7, _digits(self.unit) + _texts(("单元", "-"))[rng.integers(0, 2, size)])
        room = _digits(self.room) + some(0.6, _texts(["室"] * size))
        head = some(0.5, self.province + self.city) + some(0.7, self.district)
        street = some(0.9, self.street + number + _texts(("号", "")) [rng.integers(0, 2, size)])
        compound = np.where((street == "") | often(0.8), self.compound, "").astype(object)
        blank = some(0.15, _texts([" "] * size))
        home = head + blank + street + compound + blank + block + unit + room
        lodging = head + self.street + "学院" + _digits(self.dormitory) + "号宿舍" + some(0.5, room)
        home = np.where(self.dormitory > 0, lodging, home)
        kind = _texts(("菜鸟驿站", "丰巢快递柜", "快递代收点"))[self.locker % 3]
        locker = self.district + self.street + _digits(self.locker) + "号" + kind
        agent = _texts([f"华南集运仓{n + 1}号库" for n in range(AGENTS)])
        return np.choose(public, [home, locker, agent[rng.integers(0, AGENTS, size)]])


class _Homes:
    """Two homes of every household: before and after it moved."""

    def __init__(self, rng: np.random.Generator, households: int) -> None:
        size = 2 * households
        city = weighted(rng.random(size), [weight for *_, weight in PLACES])
        stays = rng.random(households) >= OTHER_CITY
        city[households:] = np.where(stays, city[:households], city[households:])
        self.households, self.city = households, city
        self.district = rng.integers(0, 8, size)
        self.street, self.number = rng.integers(0, 320, size), rng.integers(1, 400, size)
        self.compound = rng.integers(0, 400, size)
        self.building, self.unit = rng.integers(1, 25, size), rng.integers(1, 5, size)
        self.room = rng.integers(1, 31, size) * 100 + rng.integers(1, 5, size)
        lodges = rng.random(size) < IN_DORMITORY
        self.dormitory = np.where(lodges, rng.integers(1, DORMITORIES_OF_CITY + 1, size), 0)
        # A dormitory stands in one street; its rooms hold several people.
        self.street = np.where(lodges, (city * 7) % 320, self.street)
        self.district = np.where(lodges, city % 8, self.district)
        self.room = np.where(lodges, self.room % 600 + 100, self.room)
        self.locker = rng.integers(1, LOCKERS_OF_DISTRICT + 1, size)

    def places(self, household: Ints, moved: Flags) -> _Places:
        """The home of each ``household``, the later one where it ``moved``."""
        at = household + np.where(moved, self.households, 0)
        city = self.city[at]
        heads, tails = _texts(words.PLACE_HEADS), _texts(words.STREET_TAILS)
        compound = self.compound[at]
        districts = _texts(
            [
                words.DISTRICT_HEADS[(n * 3 + m) % 10] + words.DISTRICT_TAILS[m] + "区"
                for n in range(len(PLACES))
                for m in range(8)
            ]
        )
        return _Places(
            _texts([place[0] for place in PLACES])[city],
            _texts([place[1] for place in PLACES])[city],
            districts[city * 8 + self.district[at]],
            heads[self.street[at] // 8] + tails[self.street[at] % 8],
            self.number[at],
            heads[compound // 10] + _texts(words.COMPOUND_TAILS)[compound % 10],
            self.building[at],
            self.unit[at],
            self.room[at],
            self.dormitory[at],
            self.locker[at],
        )


def _texts(values: Sequence[str]) -> Texts:
    return np.array(list(values), dtype=object)


def _digits(values: Ints) -> Texts:
    return values.astype(str).astype(object)


def _counted(values: Ints) -> Texts:
    return _texts(words.COUNTED)[values % 10]


def _moment(rng: np.random.Generator, size: int, share: float) -> NDArray[np.float64]:
    """When a change came, in [0, 1); 0 (always the later state) for those without one."""
    return np.where(rng.random(size) < share, rng.random(size), 0.0)


def _phones(rng: np.random.Generator, size: int) -> Texts:
    prefix = np.array(words.PREFIXES)[rng.integers(0, len(words.PREFIXES), size)]
    return _digits(prefix * 10**8 + rng.integers(0, 10**8, size))


def _masked(phones: Texts, shown: int) -> Texts:
    """``138****8000``: the first ``shown`` and the last four digits."""
    stars = "*" * (7 - shown)
    return _texts([phone[:shown] + stars + phone[7:] for phone in phones])


def _relays(rng: np.random.Generator, size: int) -> Texts:
    return _texts(
        [f"184****{tail:04d}-{extension:04d}" for tail, extension in rng.integers(0, 9_999, (size, 2))]
    )


def _slipped(rng: np.random.Generator, phones: Texts) -> Texts:
    """One of the last digits typed wrongly."""
    return _texts([phone[:-1] + str((int(phone[-1]) + rng.integers(1, 10)) % 10) for phone in phones])


def _nicks(rng: np.random.Generator, size: int) -> Texts:
    heads = _texts(NICK_HEADS)[rng.integers(0, len(NICK_HEADS), size)]
    return heads + _digits(rng.integers(1, 10_000, size))


def _emails(rng: np.random.Generator, size: int) -> Texts:
    hosts = _texts(("@qq.com", "@163.com", "@126.com"))[rng.integers(0, 3, size)]
    emails = _digits(10**8 + rng.permutation(9 * size)[:size] * 97) + hosts
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
        at = np.flatnonzero(has & (values != None))  # noqa: E711
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
