"""The pages and scripts around the player, as far as an extractor reads them. Pure."""

import json
from typing import Any

PLAYER_ID = "0c1ab5e7"
SIGNATURE_TIMESTAMP = 20_400
_PLAYER_PATH = f"/s/player/{PLAYER_ID}/player_ias.vflset/en_US/base.js"
_CLIENTS = {"embed": ("WEB_EMBEDDED_PLAYER", "1.20260708.01.00"), "tv": ("TVHTML5", "7.20260708.07.00")}
_WEB = ("WEB", "2.20260708.05.00")


def watch_page(video_id: str, response: dict[str, Any], note: str) -> str:
    """The page of a video with the player's answer inside, and a text that the page may carry."""
    scripts = (
        f"ytcfg.set({_json(_configuration(*_WEB))});",
        f"var ytInitialPlayerResponse = {_json(response)};",
        f"var ytInitialData = {_json(initial_data(video_id))};",
    )
    return _page(f"Rehearsal {video_id}", scripts, note)


def configuration_page(section: str) -> str:
    """The front page, `embed` or `tv`: each tells its own client's configuration."""
    configuration = _configuration(*_CLIENTS.get(section, _WEB))
    return _page("Rehearsal", (f"ytcfg.set({_json(configuration)});",), "")


def initial_data(video_id: str) -> dict[str, Any]:
    """What POST /youtubei/v1/next answers, and the watch page holds."""
    endpoint = {"watchEndpoint": {"videoId": video_id}}
    return {"contents": {"twoColumnWatchNextResults": {"results": {}}}, "currentVideoEndpoint": endpoint}


def iframe_api() -> str:
    url = f"https://www.youtube.com/s/player/{PLAYER_ID}/www-widgetapi.vflset/www-widgetapi.js"
    return f"var scriptUrl = {json.dumps(url).replace('/', chr(92) + '/')};"


def player_script() -> str:
    """Tells the signature timestamp; no challenge can be solved with it."""
    return f"var _yt_player={{}};(function(g){{var c={{signatureTimestamp:{SIGNATURE_TIMESTAMP}}};}})(_yt_player);"


def _configuration(client: str, version: str) -> dict[str, Any]:
    context = {"client": {"hl": "en", "gl": "US", "clientName": client, "clientVersion": version}}
    return {
        "INNERTUBE_CONTEXT": context,
        "INNERTUBE_API_KEY": "rehearsal",
        "INNERTUBE_CLIENT_NAME": client,
        "INNERTUBE_CLIENT_VERSION": version,
        "VISITOR_DATA": "CgtyZWhlYXJzYWwwMA==",
        "PLAYER_JS_URL": _PLAYER_PATH,
        "STS": SIGNATURE_TIMESTAMP,
    }


def _page(title: str, scripts: tuple[str, ...], note: str) -> str:
    blocks = "".join(f"<script>{script}</script>" for script in scripts)
    return f"<!DOCTYPE html><html><head><title>{title}</title>{blocks}</head><body>{note}</body></html>"


def _json(value: object) -> str:
    return json.dumps(value).replace("</", "<\\/")
