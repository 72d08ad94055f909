"""The address platforms push to: signature first, then kept once, then answered at once."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from huitou.api.bodies import read_body
from huitou.api.connections import connection_by_token, link_of
from huitou.api.intake.hooks import keep_pushes
from huitou.api.platforms import PLATFORMS
from huitou.api.problems import Problem, problem_response
from huitou.api.tasks import process_soon


@csrf_exempt  # signed by the platform; there is no session
def receive(request: HttpRequest, token: str) -> HttpResponse:
    """Keep a push of the connection called ``token``; 401 and nothing kept unless it is signed."""
    try:
        return _receive(request, token)
    except Problem as problem:
        return problem_response(problem)


def _receive(request: HttpRequest, token: str) -> HttpResponse:
    connection = connection_by_token(token)
    platform = PLATFORMS[connection.kind] if connection else None
    if connection is None or platform is None or platform.accept is None:
        raise Problem(404, "UNKNOWN_CONNECTION", "Nothing is connected at this address.")
    if request.method != "POST":
        raise Problem(405, "METHOD", "Send POST.", headers={"Allow": "POST"})
    push = platform.accept(link_of(connection), request.headers, read_body(request))
    if push is None:
        raise Problem(401, "SIGNATURE", "The signature is not that of this connection's secret.")
    if keep_pushes(connection.pk, [push]):
        process_soon(connection.pk)
    return HttpResponse(
        platform.reply, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
