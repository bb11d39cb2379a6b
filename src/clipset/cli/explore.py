"""`clipset explore`: the pages of a dataset, served to browsers on this machine."""

import json
import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipset.cli import places
from clipset.cli.outcome import Exit
from clipset.config import UserError
from clipset.ledger import Ledger

if TYPE_CHECKING:
    from starlette.applications import Starlette

FIRST_PORT, _PORTS = 8311, 20
_ADDRESS = "127.0.0.1"  # never another one: there is no login
_GRACE_S = 2


def explore(directory: Path, *, port: int | None, as_json: bool, opens: bool) -> Exit:
    """Serve until Ctrl-C. Raises UserError, LedgerError, ClipsetError."""
    uvicorn, application = _libraries()
    with Ledger.read(directory) as reader:
        sink = places.of_dataset(reader, directory).open(threading.Event())
    with listening(port) as taken:
        url = f"http://{_ADDRESS}:{taken.getsockname()[1]}/"

        def announce() -> None:
            print(json.dumps({"event": "listening", "url": url}) if as_json else url, flush=True)
            if opens:
                webbrowser.open(url)

        _serve(uvicorn, application(directory, sink), taken, announce)
    return Exit.OK


def _libraries() -> tuple[Any, Any]:
    """uvicorn and the application. Raises UserError where they are not installed."""
    try:
        import uvicorn  # noqa: PLC0415 - an extra

        from clipset.explore import application  # noqa: PLC0415 - stands on the same extra
    except ImportError:
        text = "the pages need starlette, uvicorn and jinja2: pip install 'clipset[explore]'"
        raise UserError(text) from None
    return uvicorn, application


def listening(port: int | None) -> socket.socket:
    """A socket at this port; at the first free one of some where none is asked for. Raises UserError."""
    for number in range(FIRST_PORT, FIRST_PORT + _PORTS) if port is None else [port]:
        try:
            return _bound(number)
        except OverflowError:
            raise UserError(f"--port must be between 0 and 65535, not {number}") from None
        except PermissionError:
            raise UserError(f"port {number} is for the administrator; choose another one with --port") from None
        except OSError:
            continue
    what = f"port {port} is" if port is not None else f"ports {FIRST_PORT} to {FIRST_PORT + _PORTS - 1} are"
    raise UserError(f"{what} taken; choose another one with --port N, or --port 0 for any that is free")


def _bound(port: int) -> socket.socket:
    """Bound and listening, so that who reads the address may connect at once."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((_ADDRESS, port))
        made.listen(128)
    except BaseException:
        made.close()
        raise
    return made


def _serve(uvicorn: Any, app: "Starlette", taken: socket.socket, announce: Callable[[], None]) -> None:
    """Until SIGINT or SIGTERM, each of which is the way to end it. `announce` is called when it answers."""
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, timeout_graceful_shutdown=_GRACE_S
    )
    server = uvicorn.Server(config)

    def end(_number: int, _frame: object) -> None:
        app.state.live.stop()
        server.should_exit = True

    begin = server.startup

    async def started(sockets: list[socket.socket] | None = None) -> None:
        await begin(sockets)
        announce()

    server.handle_exit, server.startup = end, started
    server.run(sockets=[taken])
