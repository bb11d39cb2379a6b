"""The player's answer in YouTube's JSON, as far as an extractor reads it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from clipset.rehearsal.catalogue import ITAGS, QUALITY
from clipset.rehearsal.media import MediaFile
from clipset.rehearsal.outcomes import AVAILABLE, Live, Offer, Playability
from clipset.rehearsal.scenario import Video
from clipset.rehearsal.signing import MEDIA_HOST

Json = dict[str, Any]
UrlOf = Callable[[int, Mapping[str, str]], str]  # an itag and the facts for its URL

OTHER_VIDEO_ID = "aQvGIIdgFDM"  # what the player talks of when it answers about another video
SABR_CLIENTS = frozenset({"WEB"})  # get formats without a URL, as the real ones do
_PLAYABLE = (Offer.FORMATS, Offer.OPEN)
_CHALLENGE = "ObSmIG3sP1JnUCYvN"


def answer_for(playability: Playability, client: str) -> Playability:
    """What this client gets: an answer that refuses only some clients leaves the others a playable video."""
    refused = playability.refused_clients
    return replace(AVAILABLE, offer=playability.others) if refused and client not in refused else playability


def player_response(
    video_id: str, video: Video, playability: Playability, client: str, files: Mapping[int, MediaFile], url_of: UrlOf
) -> Json:
    """`files` are those to offer, by itag; their URLs come from `url_of`."""
    response: Json = {
        "responseContext": {"visitorData": "CgtyZWhlYXJzYWwwMA=="},
        "playabilityStatus": _status(playability),
        "videoDetails": _details(OTHER_VIDEO_ID if playability.other_video else video_id, video, playability.live),
        "microformat": {"playerMicroformatRenderer": _microformat(playability)},
    }
    if playability.status == "OK":
        offer = Offer.SABR if playability.offer is Offer.FORMATS and client in SABR_CLIENTS else playability.offer
        response["streamingData"] = _streaming_data(offer, files, url_of)
    if video.preroll_s:
        response["adPlacements"] = [_advertisement(video.preroll_s)]
    return response


def _status(playability: Playability) -> Json:
    status: Json = {"status": playability.status}
    if playability.reason is not None:
        status["reason"] = playability.reason
    if playability.captcha:
        status["errorScreen"] = {"playerCaptchaViewModel": {"heading": {"content": playability.reason}}}
    elif playability.reason is not None:
        screen: Json = {"reason": {"simpleText": playability.reason}}
        if playability.subreason is not None:
            screen["subreason"] = {"simpleText": playability.subreason}
        status["errorScreen"] = {"playerErrorMessageRenderer": screen}
    return status


def _details(video_id: str, video: Video, live: Live) -> Json:
    return {
        "videoId": video_id,
        "title": f"Rehearsal {video_id}",
        "lengthSeconds": str(round(video.duration_s)),
        "channelId": "UCrehearsal0000000000000",
        "author": "The rehearsal",
        "shortDescription": "Generated: a frame counter, a figure, a ball.",
        "viewCount": "1",
        "isLiveContent": live is not Live.NO,
        "thumbnail": {"thumbnails": [_thumbnail(video_id)]},
        **({"isLive": True} if live is Live.NOW else {}),
        **({"isUpcoming": True} if live is Live.UPCOMING else {}),
    }


def _thumbnail(video_id: str) -> Json:
    return {"url": f"https://i.ytimg.com/vi/{video_id}/hqdefault.jpg", "width": 640, "height": 360}


def _microformat(playability: Playability) -> Json:
    countries = list(playability.countries or ("DE", "FR", "GB", "US"))
    return {"availableCountries": countries, "category": "Sports", "uploadDate": "2012-04-01", "isUnlisted": False}


def _streaming_data(offer: Offer, files: Mapping[int, MediaFile], url_of: UrlOf) -> Json:
    if offer is Offer.NOTHING:
        return {"expiresInSeconds": "21540"}
    formats = {itag: _format(itag, file, offer, url_of) for itag, file in files.items() if itag in ITAGS}
    data: Json = {
        "expiresInSeconds": "21540",
        "formats": [value for itag, value in formats.items() if ITAGS[itag].progressive],
        "adaptiveFormats": [value for itag, value in formats.items() if not ITAGS[itag].progressive],
    }
    if offer is Offer.SABR:
        data["serverAbrStreamingUrl"] = f"{MEDIA_HOST}/videoplayback?sabr=1"
    if offer is Offer.DRM:
        data["licenseInfos"] = [{"drmFamily": "WIDEVINE", "url": "https://www.youtube.com/api/drm/widevine"}]
    if offer in _PLAYABLE and (playlist := next((itag for itag in files if itag not in ITAGS), None)):
        data["hlsManifestUrl"] = url_of(playlist, {})
    return data


def _format(itag: int, file: MediaFile, offer: Offer, url_of: UrlOf) -> Json:
    kind, picture, sound = ITAGS[itag], file.spec.picture, file.spec.sound
    value: Json = {
        "itag": itag,
        "mimeType": f'{file.mime}; codecs="{file.codecs}"',
        "bitrate": file.bits_per_second,
        "averageBitrate": file.bits_per_second,
        "contentLength": str(file.size_bytes),
        "approxDurationMs": str(round(file.duration_s * 1000)),
        "lastModified": "1333238400000000",
        "projectionType": "RECTANGULAR",
        "quality": "tiny" if kind.height_px is None else QUALITY[kind.height_px],
    }
    if offer in (*_PLAYABLE, Offer.CHALLENGE):
        facts = {"mime": file.mime, "clen": str(file.size_bytes), "dur": f"{file.duration_s:.3f}"}
        value["url"] = url_of(itag, {**facts, "n": _CHALLENGE} if offer is Offer.CHALLENGE else facts)
    for name, span in (("initRange", file.ranges.init), ("indexRange", file.ranges.index)):
        if span is not None:
            value[name] = {"start": str(span[0]), "end": str(span[1])}
    if picture is not None:
        label = f"{picture.height_px}p"
        value |= {"width": picture.width_px, "height": picture.height_px, "qualityLabel": label}
        value["fps"] = round(picture.fps)
    if sound is not None:
        value |= {"audioSampleRate": str(sound.rate_hz), "audioChannels": 1, "audioQuality": "AUDIO_QUALITY_MEDIUM"}
    return value


def _advertisement(length_s: int) -> Json:
    """In the shape from which the extractor works out when media may be fetched."""
    renderer = {
        "instreamVideoAdRenderer": {
            "skipOffsetMilliseconds": length_s * 1000,
            "playerVars": urlencode({"length_seconds": length_s + 10}),
        }
    }
    config = {"adPlacementConfig": {"kind": "AD_PLACEMENT_KIND_START"}}
    return {"adPlacementRenderer": {"config": config, "renderer": renderer}}
