"""Puts shared packets into the containers that YouTube serves: progressive, DASH, webm, HLS. No encoding here."""

from collections.abc import Iterator
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path

import av
from av.stream import Stream

from clipset.rehearsal.media.essence import AnyPacket, Feed, Store, audio_packets, video_packets
from clipset.rehearsal.media.spec import GOP_S, Container, Layout, MediaSpec

AUDIO_FRAGMENT_US = 10_000_000  # YouTube's m4a files have fragments of 10 s
PLAYLIST = "index.m3u8"
_SEGMENT_FORM = {Container.HLS_TS: "mpegts", Container.HLS_FMP4: "fmp4"}
_SUFFIX = {Container.HLS_TS: "ts", Container.HLS_FMP4: "m4s"}


def file_name(spec: MediaSpec) -> str:
    """What to serve first: the media file or the playlist."""
    return PLAYLIST if spec.container in _SEGMENT_FORM else f"media.{spec.container.value}"


def write_media(spec: MediaSpec, folder: Path, store: Store) -> None:
    """Write the file, or the playlist and its segments, into the folder."""
    form = "hls" if spec.container in _SEGMENT_FORM else spec.container.value
    with av.open(str(folder / file_name(spec)), "w", format=form, options=_options(spec, folder)) as container:
        streams: dict[str, Stream] = {}
        feeds = []
        for feed in _feeds(spec, store):
            first = next(feed)  # all parameters must be known before the first packet is written
            streams[first[0].type] = container.add_stream_from_template(first[0])
            feeds.append(chain((first,), feed))
        for source, packet in merge(*feeds, key=_decoding_time):
            packet.stream = streams[source.type]
            container.mux_one(packet)


def _feeds(spec: MediaSpec, store: Store) -> Iterator[Feed]:
    if spec.picture is not None:
        yield video_packets(spec, spec.picture, store)
    if spec.sound is not None:
        yield audio_packets(spec, spec.sound, store)


def _decoding_time(item: tuple[Stream, AnyPacket]) -> Fraction:
    packet = item[1]
    return (packet.dts or 0) * packet.time_base


def _options(spec: MediaSpec, folder: Path) -> dict[str, str]:
    if spec.container in _SEGMENT_FORM:
        return _hls_options(spec.container, folder)
    if spec.container is Container.WEBM:
        return {"fflags": "+bitexact", "cluster_time_limit": str(GOP_S * 1000), **_webm_index(spec.layout)}
    return {"fflags": "+bitexact", **_mp4_options(spec)}


def _webm_index(layout: Layout) -> dict[str, str]:
    match layout:
        case Layout.FRONT:
            return {"cues_to_front": "1"}
        case Layout.TAIL:
            return {}
        case Layout.NO_INDEX:
            return {"live": "1"}


def _mp4_options(spec: MediaSpec) -> dict[str, str]:
    if not spec.fragmented:
        return {} if spec.layout is Layout.TAIL else {"movflags": "+faststart"}
    flags = "+default_base_moof+delay_moov"  # the moov waits for the edit list that takes the B-frame delay away
    if spec.layout is not Layout.NO_INDEX:
        flags += "+dash+global_sidx"
    if spec.picture is not None:
        return {"movflags": flags + "+frag_keyframe"}
    return {"movflags": flags, "frag_duration": str(AUDIO_FRAGMENT_US)}


def _hls_options(container: Container, folder: Path) -> dict[str, str]:
    return {
        "hls_time": str(GOP_S - 1),  # cuts at the next keyframe, so once a GOP at every frame rate
        "hls_playlist_type": "vod",
        "hls_segment_type": _SEGMENT_FORM[container],
        "hls_fmp4_init_filename": "init.mp4",
        "hls_segment_filename": str(folder / f"%05d.{_SUFFIX[container]}"),
    }
