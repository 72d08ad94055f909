"""Errors as RFC 9457 problem details: what is wrong, where, and in words to act on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from django.http import HttpResponse

_TYPE = "https://huitou.example/problems/"
_TITLES = {
    400: "The request cannot be read",
    401: "A valid API key is required",
    403: "This key may not do that",
    404: "There is no such thing",
    405: "This address does not take that method",
    409: "The request contradicts what is on record",
    413: "The body is too large",
    415: "The body must be JSON",
    422: "The request breaks a rule",
    429: "Too many requests",
    500: "Something failed on our side",
    503: "The service is not ready",
}


@dataclass(frozen=True)
class Fault:
    """One broken rule: ``pointer`` is the JSON pointer of the value."""

    pointer: str
    code: str
    detail: str = ""


@dataclass(eq=False)
class Problem(Exception):
    """A refused request; nothing of it was stored."""

    status: int
    code: str
    detail: str
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_response(problem: Problem) -> HttpResponse:
    """``problem`` as ``application/problem+json``."""
    content = {
        "type": _TYPE + problem.code.lower().replace("_", "-"),
        "title": _TITLES[problem.status],
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.faults:
        content["errors"] = [
            {"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in problem.faults
        ]
    return HttpResponse(
        msgspec.json.encode(content),
        status=problem.status,
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store", **problem.headers},
    )


def json_pointer(path: str) -> str:
    """The JSON pointer of a msgspec path.

    >>> json_pointer("$.events[3].member.kind"), json_pointer("$")
    ('/events/3/member/kind', '')
    """
    return "".join(
        f"/{name or index}" for name, index in re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", path)
    )


def fault_of(error: msgspec.ValidationError) -> Fault:
    """What a msgspec error says, as a fault.

    >>> fault_of(msgspec.ValidationError("Expected `int`, got `str` - at `$.events[0].id`"))
    Fault(pointer='/events/0/id', code='WRONG_TYPE', detail='Expected `int`, got `str`')
    """
    message, _, path = str(error).partition(" - at `")
    pointer = json_pointer(path.rstrip("`"))
    if unknown := re.search(r"unknown field `(.*)`", message):
        return Fault(f"{pointer}/{unknown[1]}", "UNKNOWN_FIELD", message)
    if missing := re.search(r"missing required field `(.*)`", message):
        return Fault(f"{pointer}/{missing[1]}", "MISSING_FIELD", message)
    if message.startswith("Invalid enum value"):
        return Fault(pointer, "UNKNOWN_CODE", message)
    if re.search(r"of length|matching regex|[<>]=?|multiple of", message):
        return Fault(pointer, "OUT_OF_RANGE", message)
    return Fault(pointer, "WRONG_TYPE" if message.startswith("Expected") else "INVALID", message)
