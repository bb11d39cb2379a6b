"""yt-dlp's HTTP handler with three differences that the seam needs.

Redirects come back to the seam instead of being followed out of its sight; a private CA file is trusted beside the
usual ones; and open connections are known, so that a stop ends a request that hangs. This module and `seam` are all
that knows the inside of yt-dlp's networking.
"""

import socket
import ssl
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import urllib3
from yt_dlp.networking._requests import RequestsRH

from clipset.types import Interrupted


class OpenConnections:
    """The connections of one source; all of them are shut as soon as `stop` is set, whatever they wait for."""

    # How long the watching thread may outlive its source: an event cannot be waited for together with another.
    _NOTICE_CLOSE_S = 1.0

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self._watcher: threading.Thread | None = None
        self._closed = False

    def add(self, connection: Any) -> None:
        with self._lock:
            self._connections.add(connection)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="clipset-stop", daemon=True)
                self._watcher.start()
        if self._stop.is_set():
            self._shut_all()
            raise Interrupted

    def close(self) -> None:
        self._closed = True

    def _watch(self) -> None:
        while not self._closed:
            if self._stop.wait(self._NOTICE_CLOSE_S):
                self._shut_all()
                return

    def _shut_all(self) -> None:
        for sock in self._sockets():
            # The plain method: SSLSocket.shutdown would drop its state under the thread that is reading.
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _sockets(self) -> Iterator[socket.socket]:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            if isinstance(connection.sock, socket.socket):
                yield connection.sock


class SeamRH(RequestsRH):  # type: ignore[misc]  # yt-dlp ships no types
    """RequestsRH for one egress of one source."""

    def __init__(self, *, ca_file: Path | None, connections: OpenConnections, **kwargs: Any) -> None:
        self._ca_file = ca_file
        self._open_connections = connections
        super().__init__(**kwargs)

    def _make_sslcontext(self, legacy_ssl_support: bool | None = None) -> ssl.SSLContext:
        context: ssl.SSLContext = super()._make_sslcontext(legacy_ssl_support=legacy_ssl_support)
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file)
        return context

    def _create_instance(self, cookiejar: Any, legacy_ssl_support: bool | None = None) -> Any:
        session = super()._create_instance(cookiejar, legacy_ssl_support)
        session.get_redirect_target = lambda _response: None
        for adapter in session.adapters.values():
            self._track(adapter.poolmanager)
            self._track_proxies(adapter)
        return session

    def _track_proxies(self, adapter: Any) -> None:
        proxy_manager_for = adapter.proxy_manager_for
        adapter.proxy_manager_for = lambda proxy, **kwargs: self._track(proxy_manager_for(proxy, **kwargs))

    def _track(self, manager: urllib3.PoolManager) -> urllib3.PoolManager:
        """Let the manager's pools, also those of proxies, make connections that report themselves."""
        manager.pool_classes_by_scheme = {
            scheme: _reporting(pool_class, self._open_connections)
            for scheme, pool_class in manager.pool_classes_by_scheme.items()
        }
        return manager


def _reporting(pool_class: Any, connections: OpenConnections) -> Any:
    if getattr(pool_class, "reports_to", None) is connections:
        return pool_class

    class Connection(pool_class.ConnectionCls):  # type: ignore[misc]  # the base is known only at run time
        def connect(self) -> None:
            super().connect()
            connections.add(self)

    return type(pool_class.__name__, (pool_class,), {"ConnectionCls": Connection, "reports_to": connections})
