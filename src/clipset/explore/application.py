"""The pages by their addresses; each is there as HTML and, with .json at its end, as what it says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from clipset.clock import Clock, SystemClock
from clipset.config import cache_home
from clipset.explore import ranges
from clipset.explore.asked import Asked
from clipset.explore.classes import classes, one_class
from clipset.explore.cupboard import Cupboard
from clipset.explore.dashboard import dashboard
from clipset.explore.failures import failed
from clipset.explore.glances import SUFFIXES, Glances, Kind, Order
from clipset.explore.guard import Guard
from clipset.explore.keeper import LOOK_S, Keeper, NotIndexed
from clipset.explore.one_clip import one_clip
from clipset.explore.shown import Shown
from clipset.ledger import LedgerError
from clipset.ledger.record import FinishedFile, file_of
from clipset.sinks.folders import FolderSink
from clipset.types import US_PER_S, Clip, ClipsetError, Interrupted, Sink

_STATIC = {
    "explore.css": "text/css; charset=utf-8",
    "explore.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
