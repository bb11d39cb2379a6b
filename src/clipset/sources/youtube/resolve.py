"""Video id to renditions: lean first, and a second look before any doubtful loss is believed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from yt_dlp.extractor.youtube._base import INNERTUBE_CLIENTS
from yt_dlp.utils import ExtractorError
from yt_dlp.version import __version__

from clipset.reasons import Reason
from clipset.sources.youtube import verdict
from clipset.sources.youtube.config import Gate, YouTubeConfig
from clipset.sources.youtube.rendition import Rendition, all_protected, renditions
from clipset.sources.youtube.response import RequestFailed
from clipset.sources.youtube.seam import ResolverYDL
from clipset.types import ClipsetError, Cooling, Failure, Interrupted, Stage

# What one client says and another may not: videos made for kids, age gates that an embedded player passes, texts
# about the player itself, experiments with formats. All other losses are the video's own and believed at once.
DOUBTFUL = frozenset({Reason.UNAVAILABLE, Reason.AGE_RESTRICTED, Reason.DRM, Reason.TOOL_OUTDATED, Reason.UNKNOWN})
_NOT_YET = {"is_live": Reason.LIVE, "post_live": Reason.LIVE, "is_upcoming": Reason.PREMIERE}
# After these YouTube has said nothing about the video, so the egress has proved nothing either.
_NO_ANSWER = frozenset({Reason.NETWORK, Reason.SERVER_ERROR, Reason.THROTTLED})

YT_DLP = f"yt-dlp {__version__}"
CLIENTS = frozenset(INNERTUBE_CLIENTS)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What can be fetched of a video. `tool` names yt-dlp, its version and the clients that answered."""

    renditions: tuple[Rendition, ...]
    duration_s: float | None
    tool: str


class Resolver:
    """Resolves through one egress. The permit for the video is the caller's; the gate hears what came of it."""

    def __init__(self, ydl: ResolverYDL, config: YouTubeConfig, gate: Gate) -> None:
        self._ydl, self._config, self._gate = ydl, config, gate
        self._extractor = ydl.get_info_extractor("Youtube")

    def resolve(self, video_id: str) -> Resolved:
        """Raises ClipsetError for what this means for the video, Cooling, Interrupted when the run stops."""
        try:
            resolved = self._resolve(video_id)
        except ClipsetError as error:
            if error.failure.reason not in _NO_ANSWER:
                self._gate.succeeded()
            raise
        self._gate.succeeded()
        return resolved

    def _resolve(self, video_id: str) -> Resolved:
        if self._lean_works():
            try:
                return self._look(video_id, self._config.lean_clients, lean=True)
            except ClipsetError as error:
                if error.failure.reason not in DOUBTFUL:
                    raise
        return self._look(video_id, self._config.second_clients, lean=False)

    def _lean_works(self) -> bool:
        """Lean clients mostly take no cookies, and yt-dlp would leave them out of an account's request."""
        if not self._extractor.is_authenticated:
            return bool(self._config.lean_clients)
        return all(INNERTUBE_CLIENTS.get(name, {}).get("SUPPORTS_COOKIES") for name in self._config.lean_clients)

    def _look(self, video_id: str, clients: tuple[str, ...], *, lean: bool) -> Resolved:
        self._ydl.params["extractor_args"] = {"youtube": _extractor_args(clients, lean=lean)}
        self._ydl.notes.drain()
        self._ydl.index_ranges.clear()
        self._ydl.last_failure = None
        return self._checked(self._extract(video_id), ",".join(clients))

    def _extract(self, video_id: str) -> Mapping[str, Any]:
        try:
            info = self._extractor.extract(f"https://www.youtube.com/watch?v={video_id}")
        except (ClipsetError, Cooling, Interrupted):
            raise
        except RequestFailed as error:
            raise self._refused(verdict.of_request(error, Stage.RESOLVE)) from None
        except ExtractorError as error:
            raise self._said(error.orig_msg, expected=error.expected) from None
        except Exception as error:  # noqa: BLE001 - an extractor that trips over a new answer costs one video one try
            raise self._said(f"{type(error).__name__}: {error}", expected=False) from None
        if not isinstance(info, Mapping):
            raise self._said("yt-dlp returned nothing", expected=False)
        return info

    def _checked(self, info: Mapping[str, Any], clients: str) -> Resolved:
        if info.get("_type", "video") != "video":
            raise _failed(Reason.MEMBERS_ONLY, "only a trailer is offered")
        if (reason := _NOT_YET.get(info.get("live_status") or "")) is not None:
            raise _failed(reason, f"live_status is {info.get('live_status')}")
        formats = info.get("formats") or ()
        ranges = self._ydl.index_ranges
        usable = tuple(replace(i, index_bytes=ranges.of(i.format_id, i.size_bytes)) for i in renditions(formats))
        if not any(item.has_video for item in usable):
            if all_protected(formats):
                raise _failed(Reason.DRM, "This video is DRM protected")
            raise self._said("No video formats found", expected=False)
        duration_s = info.get("duration")
        tool = f"{YT_DLP} {clients}"
        return Resolved(usable, float(duration_s) if isinstance(duration_s, int | float) else None, tool)

    def _said(self, text: str, *, expected: bool) -> Exception:
        """An unexpected error names its cause in the warnings before it, unless a request failed unseen before."""
        if expected:
            return self._refused(verdict.of_text(self._ydl.redacted(text)))
        failure = self._ydl.last_failure
        if isinstance(failure, RequestFailed):
            return self._refused(verdict.of_request(failure, Stage.RESOLVE))
        return failure or self._refused(verdict.of_text(self._with_notes(text)))

    def _refused(self, failure: Failure) -> ClipsetError:
        if failure.reason is Reason.THROTTLED:
            self._gate.refused(failure.retry_after_s, failure.detail)
        return ClipsetError(failure)

    def _with_notes(self, text: str) -> str:
        return self._ydl.redacted("; ".join(" ".join(note.split()) for note in (text, *self._ydl.notes.drain())))


def _failed(reason: Reason, detail: str) -> ClipsetError:
    return ClipsetError(Failure(reason, detail, Stage.RESOLVE))


def _extractor_args(clients: tuple[str, ...], *, lean: bool) -> dict[str, list[str]]:
    """Lean means one request: no page, no configuration, no player script, no «next», no playlists.

    Without `initial_data` in `player_skip`, skipping the page adds a request instead of saving one.
    """
    args = {"player_client": list(clients), "skip": ["dash", "translated_subs"]}
    if lean:
        args["player_skip"] = ["webpage", "configs", "js", "initial_data"]
        args["skip"] = ["hls", *args["skip"]]
    return args
