"""The rendition that is chosen by predicted bytes is the one of which fewer come."""

from fractions import Fraction

import pytest
from clips import clip_of
from generated import Essence, remux
from serving import HttpStream, serving
from test_requests import DASH_SOUND, DASH_VIDEO, media_file

from clipset.media import tracks
from clipset.media.limits import Limits
from clipset.sources.youtube.formats import REQUEST_BYTES, Choice, choose, estimated_bytes
from clipset.sources.youtube.rendition import Rendition
from clipset.types import Recipe

UNIT = Essence(Fraction(20), texture=8, video_options={"sc_threshold": "0"}, gop=125, layout="mono")  # small: 2 h of it
FILES = {  # format: (muxer options, kinds of streams)
    "18": ({"movflags": "+faststart"}, "va"),
    "134": (DASH_VIDEO, "v"),
    "140": (DASH_SOUND, "a"),
}
CHOICES = ("18", "134+140")
STARTS = (0.03, 0.41, 0.83)  # of the length


def rendition(path, format_id, length_s):
    size_bytes, kinds = path.stat().st_size, FILES[format_id][1]
    return Rendition(
        format_id=format_id, url="https://rr1.googlevideo.com/videoplayback", protocol="http",
        has_video="v" in kinds, has_audio="a" in kinds, video_codec="avc1" if "v" in kinds else "none",
        audio_codec="mp4a" if "a" in kinds else "none", short_side_px=360 if "v" in kinds else 0,
        bitrate_bps=size_bytes * 8 / length_s, size_bytes=size_bytes, language_rank=-1, drc=False, suspect=False,
        high_dynamic_range=False,
    )  # fmt: skip


def fetched_bytes(server, names, span):
    server.tallies.clear()
    streams = [HttpStream(server, name) for name in names]
    files = [media_file(stream) for stream in streams]
    opened = tracks.open_tracks(files[0], files[-1], span, Limits())
    for packets in (opened.picture_packets(), opened.sound_packets()):
        assert sum(packet.size for packet in packets)
    opened.close()
    for stream in streams:
        stream.close()
    return sum(tally.sent_bytes for tally in server.tallies.values())


@pytest.mark.parametrize("minutes", [5, 20, pytest.param(120, marks=pytest.mark.slow)])
def test_the_choice_by_predicted_bytes_is_the_one_of_which_fewer_come(library, tmp_path, minutes):
    length_s, unit = minutes * 60, library.encoded("choice.mp4", UNIT)
    made = {
        name: rendition(remux(unit, tmp_path / name, "mp4", *form, repeat=minutes * 3), name, length_s)
        for name, form in FILES.items()
    }
    with serving(tmp_path) as server:
        for share in STARTS:
            span = clip_of(share * length_s, share * length_s + 10).span
            came = {choice: fetched_bytes(server, choice.split("+"), span) for choice in CHOICES}
            chosen = choose(made.values(), [span], Recipe(), length_s)
            assert chosen.format_id == min(came, key=came.__getitem__), came
            for choice in CHOICES:
                parts = [made[name] for name in choice.split("+")]
                foreseen = estimated_bytes(Choice(*parts), [span], length_s) - 3 * len(parts) * REQUEST_BYTES
                assert foreseen == pytest.approx(came[choice], rel=0.25)
