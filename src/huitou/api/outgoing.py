"""Every request this room sends out: bounded in time and size, never to an internal address.

The name is resolved once and that address is connected to, so a name that changes its mind between
the check and the connection gains nothing. Redirects are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress, filter_host

from huitou.kernel.errors import HuitouError, RefusedInputError

_CONNECT_SECONDS = 5
_READ_SECONDS = 20
# A page of a hundred orders with everything is about half a megabyte.
_ANSWER_BYTES_MAX = 8 * 1024 * 1024
_PIECE = 64 * 1024
_HTTPS = 443


class UnreachableError(HuitouError):
    """The other side could not be reached, or said more than we read."""


@dataclass(frozen=True)
class Reply:
    """What the other side answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def refuse_address(url: str) -> None:
    """Raise ``RefusedInputError`` (``URL``) unless ``url`` is a plain https address outside.

    http, and addresses within the site's own network, are allowed only where the site says so. A
    name that does not resolve now may do so later; every call checks again.

    >>> refuse_address("https://user:pw@example.com/")
    Traceback (most recent call last):
        ...
    huitou.kernel.errors.RefusedInputError: Give an https address without a user name in it.
    """
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        sound = False
    schemes = {"https", "http"} if settings.OUTGOING_INTERNAL else {"https"}
    if not sound or parts.scheme not in schemes or not url.isprintable() or " " in url:
        raise RefusedInputError("URL", "Give an https address without a user name in it.")
    if settings.OUTGOING_INTERNAL:
        return
    try:
        filter_host(str(parts.hostname), parts.port or _HTTPS, allow_loopback=False)
    except InvalidIPAddress:
        raise RefusedInputError("URL", "This address lies within the site's own network.") from None
    except (requests.RequestException, UnicodeError):
        return


def call(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, **options: Any
) -> Reply:
    """Send a request; any status is a reply. ``options`` are ``data``, ``params``, ``auth``.

    Raises ``UnreachableError``; also for internal addresses unless the site allows them.
    """
    try:
        with (
            _session(settings.OUTGOING_INTERNAL) as session,
            session.request(method, url, headers=headers, stream=True, **options) as answer,
        ):
            body = b""
            for piece in answer.iter_content(_PIECE):
                body += piece
                if len(body) > _ANSWER_BYTES_MAX:
                    raise UnreachableError("The answer is larger than 8 MiB.")
            return Reply(answer.status_code, answer.headers, body)
    except requests.RequestException as error:
        raise UnreachableError(f"{type(error).__name__}: {error}"[:300]) from error


@lru_cache(maxsize=2)
def _config(internal: bool) -> Config:
    return Config(
        ip_filter_enable=not internal,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(_CONNECT_SECONDS, _READ_SECONDS),
        user_agent_override="Huitou",
    )


def _session(internal: bool) -> HTTPSession:
    session = HTTPSession(_config(internal))
    # A proxy named by the environment would connect for us, past the check of addresses.
    session.trust_env = False
    return session
