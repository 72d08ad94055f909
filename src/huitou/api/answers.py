"""What operations answer, and what the document says of that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from django.http import HttpResponse

from huitou.api.messages import Answer, Item
from huitou.api.problems import Fault, Problem

_PROBLEMS = {
    400: "The body cannot be read",
    401: "No living key",
    403: "The key lacks the scope or the shop",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A value breaks a rule",
    429: "Too many requests; see Retry-After",
}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def described(
    *, body: str | None = None, answer: str | None, status: int = 200, extra: Sequence[int] = ()
) -> dict[str, Any]:
    """What the document says of an operation: body, answer, and the problems it may meet."""
    codes = [401, 403, 422, 429, *extra, *((400, 413, 415) if body else ())]
    responses: dict[int, Any] = {
        code: {
            "description": _PROBLEMS.get(code, "There is no such thing"),
            "content": {"application/problem+json": {"schema": _ref("ProblemText")}},
        }
        for code in sorted(codes)
    }
    done: dict[str, Any] = {"description": "Done"}
    if answer:
        done["content"] = {"application/json": {"schema": _ref(answer)}}
    result: dict[str, Any] = {"responses": {status: done, **responses}}
    if body:
        content = {"application/json": {"schema": _ref(body)}}
        result["requestBody"] = {"required": True, "content": content}
    return result


def refuse(faults: list[Fault]) -> None:
    """Raise ``Problem`` (422) when there are ``faults``; at most twenty are told."""
    if faults:
        first = faults[0]
        raise Problem(422, "INVALID_BODY", f"{first.detail} at {first.pointer}", faults[:20])


def answered(items: Sequence[Item]) -> HttpResponse:
    """The answer to a batch."""
    counts = Counter(item.outcome for item in items)
    return said(
        Answer(
            stored=counts["stored"],
            updated=counts["updated"],
            unchanged=counts["unchanged"],
            outdated=counts["outdated"],
            parked=counts["parked"],
            items=list(items),
        )
    )


def said(content: Any, status: int = 200) -> HttpResponse:
    """``content`` as JSON that nobody keeps."""
    return HttpResponse(
        msgspec.json.encode(content),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
