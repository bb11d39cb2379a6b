"""A plug-in for an unmodified yt-dlp: what it would ask of YouTube, and the media URLs that it hands to ffmpeg, go to
the offline YouTube at CLIPSET_BENCH_ORIGIN. Loaded with `--plugin-dirs bench/youtube_stand_in`.
"""

import os
from typing import Any

from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.networking._requests import RequestsRH
from yt_dlp.networking.common import register_preference, register_rh

from clipset.sources.youtube.origin import rewritten

ORIGIN = os.environ["CLIPSET_BENCH_ORIGIN"]


@register_rh
class RehearsalRH(RequestsRH):
    def _send(self, request: Any) -> Any:
        wire = request.copy()
        wire.url = rewritten(request.url, ORIGIN)
        return super()._send(wire)


@register_preference(RehearsalRH)
def _first(*_: object) -> int:
    return 1000


class RehearsalIE(YoutubeIE, plugin_name="rehearsal"):
    def _real_extract(self, url: str) -> Any:
        info = super()._real_extract(url)
        for offered in info["formats"]:
            offered["url"] = rewritten(offered["url"], ORIGIN)
        return info
