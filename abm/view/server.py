"""The server of the page: on this machine alone, for this machine's own pages, with nothing fetched from elsewhere."""

import os
import socket
import warnings
import webbrowser
from collections.abc import Awaitable, Callable, Sequence
from threading import Timer
from typing import Any

from abm.core.errors import InputError
from abm.scenario.schema import Scenario
from abm.view.session import refuse

HOST = "127.0.0.1"
HOSTS = [HOST, "localhost"]
MAX_TABS = 24  # design: sessions at once
FORGET = "10m"  # design: how long the session of a closed tab is kept
PARTS = ("/static/", "/_solara/cdn/", "/jupyter/nbextensions/", "/jupyter/api/kernels/", "/_solara/api/close/")
Message = dict[str, Any]
Receive, Send = Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]


class OwnPage:
    """Serve the page and its parts, nothing else (404), and no page of another origin (403), also for a WebSocket.

    Parameters
    ----------
    app : callable
        The ASGI application behind.
    """

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on or refuse."""
        headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
        origin = headers.get(b"origin")
        if origin not in (None, f"http://{headers.get(b'host', '')}"):
            await _refuse(403, b"another origin", scope, receive, send)
        elif not scope.get("path", "/").startswith(PARTS) and scope.get("path", "/") != "/":
            await _refuse(404, b"not here", scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def _refuse(status: int, why: bytes, scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": why})


def application(scenario: Scenario, arms: Sequence[str]) -> Any:
    """Return the page as an ASGI application.

    Parameters
    ----------
    scenario : Scenario
        What every viewer starts with.
    arms : sequence of str
        Arms side by side.
    """
    os.environ |= {
        "SOLARA_APP": "abm.view.page:Page",
        "SOLARA_MODE": "production",
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
        "SOLARA_KERNEL_CULL_TIMEOUT": FORGET,
        "SOLARA_KERNEL_MAX_COUNT": str(MAX_TABS),
        "SOLARA_THEME_SHOW_BANNER": "False",
        "SOLARA_THEME_TITLE": "abm",
        "SOLARA_CHECK_HOOKS": "off",
    }
    warnings.filterwarnings("ignore", "Cookies with samesite", UserWarning)  # nobody embeds the page in another
    from solara.server import starlette
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from abm.view.page import Opened

    Opened.start(scenario, arms)
    return TrustedHostMiddleware(OwnPage(starlette.app), allowed_hosts=HOSTS)


def serve(
    scenario: Scenario, arms: Sequence[str], port: int, *, opens_browser: bool, tell: Callable[[str], None]
) -> None:
    """Serve the page until it is interrupted.

    Parameters
    ----------
    scenario : Scenario
        What every viewer starts with.
    arms : sequence of str
        Arms side by side.
    port : int
        0 for any that is free.
    opens_browser : bool
        Show the page in the user's browser.
    tell : callable
        Is given the page's address.

    Raises
    ------
    InputError
        The port is in use, an arm does not exist, there are too many cells, or what the page needs is not installed.
    """
    refuse(scenario, arms)
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        raise InputError(f"the page needs {error.name}: pip install 'antibody-abm[view]'") from None
    listening = _listen(port)
    try:
        app = application(scenario, arms)
    except ModuleNotFoundError as error:
        raise InputError(f"the page needs {error.name}: pip install 'antibody-abm[view]'") from None
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    tell(address)
    if opens_browser:
        Timer(0.5, webbrowser.open, [address]).start()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    server.run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()  # a browser that comes before the page is ready waits
    except OSError as error:
        listening.close()
        raise InputError(
            f"port {port} cannot be used: {error.strerror}; another: --port 0 takes any that is free"
        ) from None
    return listening
