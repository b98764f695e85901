"""The one place where what went wrong becomes HTTP: problem documents, RFC 9457."""

from http import HTTPStatus
from typing import Final

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from callbridge.logs import Action, logger

CONTENT_TYPE: Final = "application/problem+json"

log = logger()


def problem(status: HTTPStatus, detail: str = "") -> web.Response:
    """Return a problem document; `detail` is for whoever asked, so it holds nothing of the inside."""
    document: dict[str, object] = {"type": "about:blank", "title": status.phrase, "status": status.value}
    if detail:
        document["detail"] = detail
    return web.Response(status=status, body=orjson.dumps(document), content_type=CONTENT_TYPE)


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a problem document; strangers hear of no more than its kind."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        answer = problem(HTTPStatus(error.status))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception:  # a mistake of ours: logged whole, told as an internal error
        log.exception("a request broke", action=Action.HTTP_FAILED, path=request.path)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR)
