"""What holds for every request and every answer: who may ask, how, and what a browser may make of it."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "media", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """Lets GET and HEAD through that name this machine and port, so that no page elsewhere can ask by a name of its
    own that leads here; and puts the headers on every answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await (_refusal(scope) or self._app)(scope, receive, sent)


def _refusal(scope: Scope) -> ASGIApp | None:
    host = Headers(scope=scope).get("host", "")
    port = (scope.get("server") or ("", None))[1]
    if host not in {f"{name}:{port}" for name in _NAMES} and not (port == 80 and host in _NAMES):
        return PlainTextResponse(f"This server answers at http://127.0.0.1:{port}/ only.\n", 421)
    if scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("This server is only read from.\n", 405, {"allow": "GET, HEAD"})
    return None
