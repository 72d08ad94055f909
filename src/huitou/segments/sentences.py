"""A rule as a sentence, in Chinese and in English, made from the tree alone.

Both languages are made at once, whatever the page's: a rule is quoted in files, logs and answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from huitou.insight.traits import BY_NAME, Trait
from huitou.kernel.money import SYMBOLS, from_minor
from huitou.lake.happenings import Field, Happening, happenings
from huitou.segments.levels import field_of
from huitou.segments.moments import Ago, Length, Point
from huitou.segments.rules import (
    All,
    AnyOf,
    Comparison,
    Did,
    Holds,
    Measure,
    Named,
    Not,
    OfTrait,
    Rule,
    TraitIs,
    Where,
    Window,
)

_UNITS = {
    "s": (" 秒", "second"),
    "min": (" 分钟", "minute"),
    "h": (" 小时", "hour"),
    "d": (" 天", "day"),
    "w": (" 周", "week"),
    "mo": (" 个月", "month"),
    "y": (" 年", "year"),
}
_ZH, _EN = 0, 1
# Of an average that is no money.
_DECIMALS = 2
_NUMBER_TESTS = {
    "eq": ("为 {}", "is {}"),
    "gt": ("超过 {}", "is more than {}"),
    "gte": ("至少 {}", "is at least {}"),
    "lt": ("不足 {}", "is less than {}"),
    "lte": ("不超过 {}", "is at most {}"),
}
_TIME_TESTS = {
    "eq": ("在 {}", "is on {}"),
    "gt": ("晚于 {}", "is later than {}"),
    "gte": ("不早于 {}", "is no earlier than {}"),
    "lt": ("早于 {}", "is earlier than {}"),
    "lte": ("不晚于 {}", "is no later than {}"),
}
_TEXT_TESTS = {"eq": ("为{}", "is {}"), "contains": ("包含{}", "contains {}")}
_COUNTS = {
    "eq": ("恰好 {}", "exactly {}"),
    "gt": ("超过 {}", "more than {}"),
    "gte": ("至少 {}", "at least {}"),
    "lt": ("不足 {}", "fewer than {}"),
    "lte": ("不超过 {}", "at most {}"),
}
_NEVER = ((Comparison("eq", 0),), (Comparison("lt", 1),), (Comparison("lte", 0),))
_KNOWN = (("已知", "is known"), ("未知", "is not known"))
_CHANNELS = {
    "sms": ("短信", "SMS"),
    "email": ("邮件", "e-mail"),
    "wechat": ("微信", "WeChat"),
    "phone": ("电话", "phone calls"),
    "app": ("应用推送", "the app"),
    "post": ("邮寄", "post"),
}
_PURPOSES = {
    "marketing": ("营销", "marketing"),
    "service": ("服务", "service"),
    "profiling": ("画像", "profiling"),
}


@dataclass(frozen=True)
class Sentence:
    """What a rule says."""

    zh: str
    en: str


@dataclass(frozen=True)
class Names:
    """What a sentence needs beside the tree: the currency, the zone of instants, shops by id."""

    currency: str
    zone: ZoneInfo
    shops: Mapping[int, str]


def sentence(rule: Rule, names: Names) -> Sentence:
    """``rule`` in words; everyone when it has no condition."""
    if rule == All(()):
        return Sentence("全部会员", "Every member")
    zh, en = (_Speaker(language, names).rule(rule, inside=False) for language in (_ZH, _EN))
    return Sentence(zh, en[:1].upper() + en[1:])


def told(condition: TraitIs | Did, value: Any, names: Names) -> Sentence:
    """What there is of a member, a value of the condition's trait or measure, in words."""
    if value is None:
        return Sentence("–", "–")
    return Sentence(*(_Speaker(language, names).told(condition, value) for language in (_ZH, _EN)))


class _Speaker:
    def __init__(self, language: int, names: Names) -> None:
        self.at = language
        self.names = names

    def say(self, zh: str, en: str) -> str:
        return (zh, en)[self.at]

    def rule(self, rule: Rule, *, inside: bool = True) -> str:
        if isinstance(rule, All | AnyOf):
            return self.several(rule, inside)
        if isinstance(rule, Not):
            return self.negated(rule.part)
        if isinstance(rule, Named):
            return self.say(f"属于人群“{rule.word}”", f"is in the segment “{rule.word}”")
        if isinstance(rule, TraitIs):
            return self.trait(rule)
        if isinstance(rule, Did):
            return self.did(rule)
        return self.holds(rule)

    def several(self, rule: All | AnyOf, inside: bool) -> str:
        if not rule.parts:
            return self.say("是会员", "is a member")
        if len(rule.parts) == 1:
            return self.rule(rule.parts[0], inside=inside)
        joint = self.say("，且", ", and ") if isinstance(rule, All) else self.say("，或", ", or ")
        text = joint.join(self.rule(part) for part in rule.parts)
        return self.say(f"（{text}）", f"({text})") if inside else text

    def negated(self, part: Rule) -> str:
        said = self.rule(part)
        return self.say("不满足" if said.startswith("（") else "并非", "not ") + said

    def trait(self, rule: TraitIs) -> str:
        trait = BY_NAME[rule.trait]
        label = self.say(trait.label_zh, trait.label_en)
        tests = self.tests(rule.tests, trait.kind, lambda value: self.code(value, trait))
        return self.say(f"{label}{_gap(label)}{tests}", f"{_within(label)} {tests}")

    def did(self, rule: Did) -> str:
        happening = happenings()[rule.happening]
        when = self.window(rule.window)
        where = self.where(rule.where, happening)
        measure = rule.measure
        if measure.kind != "count":
            return self.measured(measure, happening, when, where)
        if measure.tests in (
            (Comparison("eq", 0),),
            (Comparison("lt", 1),),
            (Comparison("lte", 0),),
        ):
            return self.say(
                f"{when}没有{happening.did_zh}{_zh_of(where)}",
                f"never {happening.did_en}{where}{when}",
            )
        often = self.counted(measure.tests, happening)
        return self.say(
            f"{when}{happening.did_zh}{_zh_of(where)}{often}",
            f"{happening.did_en}: {often}{where}{when}",
        )

    def counted(self, tests: Sequence[Comparison], happening: Happening) -> str:
        said = []
        for test in tests:
            if test.operator == "in":
                assert isinstance(test.value, tuple)
                numbers = "/".join(str(one) for one in test.value)
                said.append(
                    self.say(f" {numbers} {happening.one_zh}", f"{numbers} {happening.many_en}")
                )
                continue
            words = _COUNTS[test.operator][self.at].format(test.value)
            one = happening.one_en if test.value == 1 else happening.many_en
            said.append(self.say(f"{words} {happening.one_zh}", f"{words} {one}"))
        return self.say("且", " and ").join(said)

    def measured(self, measure: Measure, happening: Happening, when: str, where: str) -> str:
        if measure.kind in ("first", "last"):
            tests = self.tests(measure.tests, "time", lambda value: str(value))
            name = self.say(
                "首次" if measure.kind == "first" else "最近一次", f"the {measure.kind} time they "
            )
            return self.say(
                f"{when}{name}{happening.did_zh}{_zh_of(where)}的时间{tests}",
                f"{name}{happening.did_en}{where}{when} {tests}",
            )
        named = happening.named(measure.of)
        assert named is not None
        tests = self.tests(measure.tests, named.kind, lambda value: self.field(value, named))
        label = self.say(named.label_zh, _within(named.label_en))
        total = self.say(
            "合计" if measure.kind == "sum" else "平均",
            "total " if measure.kind == "sum" else "average ",
        )
        return self.say(
            f"{when}{happening.did_zh}{_zh_of(where)}的{label}{total}{tests}",
            f"the {total}{label} of {happening.many_en}{where}{when} {tests}",
        )

    def where(self, where: Sequence[Where], happening: Happening) -> str:
        if not where:
            return ""
        said = []
        for part in where:
            named = happening.named(part.field)
            assert named is not None
            tests = self.tests(part.tests, named.kind, lambda v, named=named: self.field(v, named))
            label = self.say(named.label_zh, _within(named.label_en))
            said.append(self.say(f"{label}{tests}", f"{label} {tests}"))
        return self.say("且".join(said), f" (where {' and '.join(said)})")

    def window(self, window: Window) -> str:
        if window.within is not None:
            length = self.length(window.within)
            return self.say(f"近{length}内", f" within the last {length}")
        if window.cycles is not None:
            return self.say(
                f"近 {window.cycles:g} 个自身购买周期内",
                f" within the last {window.cycles:g} of their own purchase cycles",
            )
        if window.first is not None and window.last is not None:
            first, last = self.point(window.first), self.point(window.last)
            return self.say(f"在{first}至{last}期间", f" from {first} to {last}")
        if window.first is not None:
            first = self.point(window.first)
            return self.say(f"自{first}起", f" since {first}")
        if window.last is not None:
            last = self.point(window.last)
            return self.say(f"截至{last}", f" up to {last}")
        return ""

    def holds(self, rule: Holds) -> str:
        if rule.kind == "tag":
            return self.say(f"有标签“{rule.word}”", f"carries the tag “{rule.word}”")
        if rule.kind == "segment":
            return self.say(f"属于人群“{rule.word}”", f"is in the segment “{rule.word}”")
        if rule.kind == "consent":
            channel, _, purpose = rule.key.partition("/")
            to = _CHANNELS.get(channel, (channel, channel))[self.at]
            what_for = _PURPOSES.get(purpose, (purpose, purpose))[self.at]
            return self.say(f"同意接收{what_for}{to}", f"agreed to {what_for} by {to}")
        if rule.kind == "identity":
            kind, _, platform = rule.key.partition("@")
            on = self.say(f"在 {platform} ", f" on {platform}") if platform else ""
            return self.say(f"{on}有身份 {kind}", f"has an identifier {kind}{on}")
        tests = self.tests(rule.tests, "text", lambda value: self.quoted(str(value)))
        return self.say(f"属性“{rule.word}”{tests}", f"the attribute “{rule.word}” {tests}")

    def tests(self, tests: Sequence[Comparison], kind: str, shown: Any) -> str:
        said = []
        for test in tests:
            if test.operator == "known":
                said.append(_KNOWN[0 if test.value else 1][self.at])
            elif test.operator == "in":
                assert isinstance(test.value, tuple)
                values = [self.value(one, kind, shown) for one in test.value]
                said.append(
                    self.say("、".join(values), ", ".join(values))
                    if len(values) == 1
                    else self.say(f"{'、'.join(values)}之一", f"one of {', '.join(values)}")
                )
                said[-1] = self.say("为" + said[-1], "is " + said[-1])
            else:
                table = (
                    _TIME_TESTS
                    if kind in ("date", "time")
                    else _TEXT_TESTS
                    if test.operator in _TEXT_TESTS and kind in ("text", "code", "shop")
                    else _NUMBER_TESTS
                )
                value = self.value(test.value, kind, shown)
                said.append(table[test.operator][self.at].format(value))
        return self.say("且", " and ").join(said)

    def value(self, value: Any, kind: str, shown: Any) -> str:
        if isinstance(value, OfTrait):
            other = BY_NAME[value.trait]
            label = self.say(f"“{other.label_zh}”", f"“{other.label_en}”")
            if value.times == 1:
                return label
            return self.say(f"{label}的 {value.times:g} 倍", f"{value.times:g} times {label}")
        if isinstance(value, Ago | date | datetime):
            return self.point(value)
        if kind == "money":
            return self.money(value)
        if kind == "days":
            return self.say(f"{value:,} 天", f"{value:,} {'day' if value == 1 else 'days'}")
        if isinstance(value, bool):
            return self.say("是" if value else "否", "yes" if value else "no")
        if kind == "ratio":
            return f"{value * 100:.6g}%"
        if isinstance(value, int | float) and kind != "shop":
            return f"{value:,}"
        text: str = shown(value)
        return text

    def told(self, condition: TraitIs | Did, value: Any) -> str:
        if isinstance(condition, TraitIs):
            trait = BY_NAME[condition.trait]
            return self.value(value, trait.kind, lambda code: self.code(code, trait))
        measure = condition.measure
        kind = field_of(measure.of, condition).kind if measure.of else ""
        if isinstance(value, float):
            value = round(value, None if kind == "money" else _DECIMALS)
        return self.value(value, kind, str)

    def code(self, value: str, trait: Trait) -> str:
        """A trait's code as people call it; text as it is."""
        named = trait.label_of(value)
        return self.quoted(self.say(named.zh, named.en))

    def field(self, value: Any, named: Field) -> str:
        if named.kind == "shop":
            return self.quoted(self.names.shops.get(value, str(value)))
        return self.quoted(str(value))

    def money(self, minor: int) -> str:
        currency = self.names.currency
        amount = from_minor(abs(minor), currency)
        sign = "-" if minor < 0 else ""
        return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{amount:,}"

    def point(self, point: Point) -> str:
        if isinstance(point, Ago):
            length = self.length(point.length)
            if point.length.count == 0:
                return self.say("今天" if point.length.unit == "d" else "此刻", "now")
            if point.ahead:
                return self.say(f"{length.strip()}后", f"{length} from now")
            return self.say(f"{length.strip()}前", f"{length} ago")
        if isinstance(point, datetime):
            return point.astimezone(self.names.zone).strftime("%Y-%m-%d %H:%M:%S")
        return point.isoformat()

    def length(self, length: Length) -> str:
        zh, en = _UNITS[length.unit]
        return self.say(
            f" {length.count:,}{zh}", f"{length.count:,} {en}{'s' * (length.count != 1)}"
        )

    def quoted(self, text: str) -> str:
        return f"“{text}”"


def _within(label: str) -> str:
    """An English label within a sentence: "Recency" becomes "recency", "RFM group" stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _gap(label: str) -> str:
    return " " if label[-1:].isascii() else ""


def _zh_of(where: str) -> str:
    return f"（{where}）" if where else ""
