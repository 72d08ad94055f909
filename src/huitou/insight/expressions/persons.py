"""Where members live, where they came from, and when their birthday is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ibis

from huitou.insight.definitions import Label
from huitou.insight.expressions.common import Column, Relation, day
from huitou.insight.places import PROVINCES, REGIONS, ZONES


def _by_province(labels: Sequence[Label], part: str) -> Callable[[Relation, Column], Column]:
    names = {
        label.code: [
            name
            for province in PROVINCES
            if getattr(province, part) == label.code
            for name in province.names
        ]
        for label in labels
    }

    def rule(known: Relation, as_of: Column) -> Column:
        del as_of
        branches = [(known.province.isin(found), code) for code, found in names.items()]
        return ibis.cases(*branches, else_=ibis.null("string"))

    return rule


region = _by_province(REGIONS, "region")
climate_zone = _by_province(ZONES, "zone")


def first_shop(person: Relation, as_of: Column) -> Column:
    """The shop that first knew the member."""
    del as_of
    return person.first_shop.nullif("")


def first_channel(person: Relation, as_of: Column) -> Column:
    """The platform of that shop."""
    del as_of
    return person.first_channel.nullif("")


def birthday_month(person: Relation, as_of: Column) -> Column:
    """1 to 12; of a lunar birthday that of the year's solar date."""
    del as_of
    return ibis.coalesce(person.lunar_of_year.month(), person.birth_month).cast("int64")


def is_birthday_month(person: Relation, as_of: Column) -> Column:
    """Whether it falls in the month of the as-of date."""
    today = day(as_of)
    fallen = person.lunar_of_year
    lunar = (fallen.month() == today.month()) & (fallen.year() == today.year())
    return ibis.coalesce(lunar, person.birth_month == today.month())


def next_birthday(person: Relation, as_of: Column) -> Column:
    """The date of the next one, today's included; 29 February is kept on the 28th."""
    today = day(as_of)
    this_year = _birthday_of(person, today.year())
    solar = ibis.ifelse(this_year >= today, this_year, _birthday_of(person, today.year() + 1))
    return ibis.coalesce(person.lunar_next, solar)


def days_to_birthday(person: Relation, as_of: Column) -> Column:
    """Days until ``next_birthday``: 0 on the day."""
    return next_birthday(person, as_of).delta(day(as_of), unit="day").cast("int64")


def _birthday_of(person: Relation, year: Column) -> Column:
    year = year.cast("int64")
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    moved = (person.birth_month == 2) & (person.birth_day == 29) & ~is_leap
    birth_day = ibis.ifelse(moved, 28, person.birth_day.cast("int64"))
    return ibis.date(year, person.birth_month.cast("int64"), birth_day)
