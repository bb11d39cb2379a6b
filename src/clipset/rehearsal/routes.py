"""Which question a request is: from method, path and query to a reply of the studio. Pure but for the studio.

Hosts are not looked at: a client replaces scheme and host of every YouTube URL by this server's, and the paths of the
player API, the pages, media and images do not overlap.
"""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from clipset.rehearsal import pages
from clipset.rehearsal.journal import Kind
from clipset.rehearsal.mirror import MIRROR_PATH
from clipset.rehearsal.playlist import MASTER_PATH, PLAYLIST_PATH
from clipset.rehearsal.reply import Reply, Subject, bytes_reply, error_reply, json_reply, text_reply
from clipset.rehearsal.signing import MEDIA_PATH, read_path
from clipset.rehearsal.studio import Studio, Visitor

_THUMBNAIL = re.compile(r"/vi(?:_webp)?/([\w-]{11})/\w+\.(jpg|webp)", re.ASCII)
_SCRIPT_TYPE = "text/javascript; charset=utf-8"
_CONFIGURATION_SECTIONS = {"": "", "tv": "tv", "embed": "embed"}


@dataclass(frozen=True, slots=True)
class Question:
    """A request as it came. The headers Range and If-Range are None when there were none."""

    method: str
    target: str
    body: bytes
    range_header: str | None
    if_range: str | None
    visitor: Visitor


def answer(studio: Studio, question: Question) -> Reply:
    """The reply; 404 for what YouTube is not asked here."""
    parts = urlsplit(question.target)
    if question.method == "POST":
        return _api(studio, question, parts.path)
    if parts.path.startswith(MIRROR_PATH):
        return studio.mirror.answer(parts.path, {"Range": question.range_header, "If-Range": question.if_range})
    query = dict(parse_qsl(parts.query))
    if parts.path == "/watch":
        return studio.page(query.get("v", ""), question.visitor)
    if parts.path == MEDIA_PATH or parts.path.startswith(f"{MEDIA_PATH}/"):
        parameters = {**query, **read_path(parts.path.removeprefix(MEDIA_PATH))}
        return studio.media(parameters, parts.query, question.range_header, question.visitor)
    for prefix in (MASTER_PATH, PLAYLIST_PATH):
        if parts.path.startswith(f"{prefix}/"):
            parameters = read_path(parts.path.removeprefix(prefix))
            return studio.manifest(parameters, question.visitor, master=prefix == MASTER_PATH)
    return _page(studio, parts.path)


def _api(studio: Studio, question: Question, path: str) -> Reply:
    try:
        asked = json.loads(question.body)
        video_id, client = str(asked["videoId"]), str(asked["context"]["client"]["clientName"])
    except (ValueError, KeyError, TypeError):
        return error_reply(Subject(), 400)
    if path == "/youtubei/v1/player":
        return studio.player(video_id, client, question.visitor)
    if path == "/youtubei/v1/next":
        return json_reply(Subject(Kind.NEXT, video_id, client), pages.initial_data(video_id))
    return error_reply(Subject(video_id=video_id, client=client), 404)


def _page(studio: Studio, path: str) -> Reply:
    section = path.split("/")[1]
    if section in _CONFIGURATION_SECTIONS:
        return text_reply(Subject(Kind.CONFIG), pages.configuration_page(_CONFIGURATION_SECTIONS[section]))
    if path == "/iframe_api":
        return text_reply(Subject(Kind.SCRIPT), pages.iframe_api(), _SCRIPT_TYPE)
    if path.startswith("/s/player/") and path.endswith(".js"):
        return text_reply(Subject(Kind.SCRIPT), pages.player_script(), _SCRIPT_TYPE)
    if match := _THUMBNAIL.fullmatch(path):
        subject = Subject(Kind.THUMBNAIL, match.group(1))
        if match.group(2) == "webp":  # YouTube has it for some videos only; extractors ask for both
            return error_reply(subject, 404)
        return bytes_reply(subject, studio.thumbnail(match.group(1)), "image/jpeg")
    return error_reply(Subject(), 404)
