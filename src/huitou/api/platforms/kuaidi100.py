"""Kuaidi100: signed pushes of a parcel's whole trace, and the question for one parcel's trace.

Each push repeats every step so far, so a later one repairs an earlier one that was lost; only the
last of a parcel has to be asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from huitou.api.messages import Event
from huitou.api.outgoing import UnreachableError, call
from huitou.api.platforms.base import (
    Link,
    Platform,
    Push,
    Told,
    UnreadableError,
    equal,
    fingerprint,
    message,
    moment,
    parsed,
    readable,
    text,
)
from huitou.behaviour.queries import silent_parcels

_ZONE = ZoneInfo("Asia/Shanghai")
_QUERY_URL = "https://poll.kuaidi100.com"
# Fine codes first; of others the first digit's state counts.
_STEPS = {
    "1001": "arrived_in_city",
    "1002": "departed",
    "1003": "departed",
    "0": "departed",
    "1": "picked_up",
    "101": "other",
    "102": "other",
    "2": "failed",
    "3": "signed",
    "4": "refused",
    "5": "out_for_delivery",
    "6": "returned",
    "14": "refused",
}
_ENDS = frozenset({"signed", "refused", "returned", "lost"})
_CODES_CHARS_MAX = 4


def accept(link: Link, headers: Mapping[str, str], body: bytes) -> Push | None:
    """The push of a form with ``sign`` and ``param``; only ``param`` is kept."""
    try:
        form = parse_qs(body.decode(), strict_parsing=True, max_num_fields=8)
    except (ValueError, UnicodeDecodeError):
        return None
    param, sign = form.get("param", [""])[0], form.get("sign", [""])[0]
    if not equal(sign.upper(), _md5(param + link.secret)):
        return None
    return Push(fingerprint(param.encode()), "trace", param.encode())


def read(link: Link, topic: str, body: bytes) -> Told:
    """The steps of a push."""
    result = parsed(body).get("lastResult")
    return Told(events=_steps_of(result) if isinstance(result, dict) else [])


def changed(link: Link, since: datetime, until: datetime) -> Iterator[Told]:
    """The traces of parcels that have been silent for a day without having come to an end."""
    parcels = silent_parcels(link.shop_id, since=since, until=until, ends=sorted(_ENDS))
    for carrier, parcel in parcels:
        param = json.dumps({"com": carrier, "num": parcel, "resultv2": "4"})
        reply = call(
            "POST",
            f"{link.base_url or _QUERY_URL}/poll/query.do",
            data={
                "customer": link.app_key,
                "sign": _md5(param + link.session + link.app_key),
                "param": param,
            },
        )
        if reply.status != 200:
            raise UnreachableError(f"Kuaidi100 answered {reply.status}.")
        answer = parsed(reply.body)
        # A parcel the carrier has nothing on is no fault of the others.
        yield readable([answer] if answer.get("status") == "200" else [], _told)


def _told(result: Mapping[str, Any]) -> Told:
    return Told(events=_steps_of(result))


def _steps_of(result: Mapping[str, Any]) -> list[Event]:
    carrier, parcel = text(result.get("com"), 32), text(result.get("nu"), 40)
    rows: Sequence[Mapping[str, Any]] = result.get("data") or []
    is_over = str(result.get("ischeck")) == "1"
    events = []
    for at, row in enumerate(rows):
        code = text(row.get("statusCode"), _CODES_CHARS_MAX)
        if not code and at == 0 and is_over:
            code = text(result.get("state"), _CODES_CHARS_MAX)
        when = moment(row.get("time"), _ZONE)
        if when is None:
            raise UnreadableError("VALUE", "a step without a time")
        said = text(row.get("context"), 1_000)
        events.append(
            message(
                Event,
                id=f"{carrier}:{parcel}:{when:%Y%m%d%H%M%S}:{fingerprint(said.encode())[:12]}",
                type="logistics",
                occurred_at=when,
                step=_step_of(code),
                properties={
                    "carrier": carrier,
                    "parcel": parcel,
                    "place": text(row.get("areaName"), 200),
                    "text": said,
                },
            )
        )
    return events


def _step_of(code: str) -> str:
    """The step of a status code.

    >>> _step_of("1001"), _step_of("304"), _step_of(""), _step_of("501")
    ('arrived_in_city', 'signed', 'other', 'out_for_delivery')
    """
    return _STEPS.get(code) or _STEPS.get(code[:1] if len(code) > 2 else "", "other")


def _md5(said: str) -> str:
    # The protocol's own rule; the salt makes it a signature.
    return hashlib.md5(said.encode(), usedforsecurity=False).hexdigest().upper()


PLATFORM = Platform(
    read=read,
    changed=changed,
    accept=accept,
    reply='{"result":true,"returnCode":"200","message":"成功"}'.encode(),
)
