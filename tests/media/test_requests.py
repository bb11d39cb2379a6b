"""A clip costs hardly more bytes than its packets and the index, in a handful of requests, wherever it lies."""

from fractions import Fraction

import av
import pytest
from clips import clip_of
from generated import Essence, remux
from serving import HttpStream, Memory, serving

from clipset.media import packets, tracks
from clipset.media.cache import READ_BYTES_MAX, ByteCache
from clipset.media.layout import read_layout
from clipset.media.limits import Limits
from clipset.types import MediaInput

H264 = Essence(
    Fraction(20), size=(640, 360), texture=40, video_options={"b": "650k", "crf": "-1", "sc_threshold": "0"}, gop=128
)
VP9 = Essence(
    Fraction(20),
    size=(640, 360),
    texture=14,
    video="libvpx-vp9",
    video_options={"b": "500k"},
    gop=128,
    audio="libopus",
    audio_rate=48000,
)
DASH_VIDEO = {"movflags": "+dash+global_sidx+frag_keyframe+delay_moov"}
DASH_SOUND = {"movflags": "+dash+global_sidx+delay_moov", "frag_duration": "10000000"}
CONTAINERS = {  # name: (essence, [(file, muxer, options, kinds, most requests)]); DASH and webm pairs as YouTube's
    "mp4": (H264, [("p.mp4", "mp4", {"movflags": "+faststart"}, "va", 3)]),
    "mp4, moov at the end": (H264, [("tail.mp4", "mp4", {}, "va", 3)]),
    "DASH pair": (H264, [("dv.mp4", "mp4", DASH_VIDEO, "v", 3), ("da.m4a", "mp4", DASH_SOUND, "a", 3)]),
    "webm pair": (
        VP9,
        [
            ("wv.webm", "webm", {"cues_to_front": "1"}, "v", 2),
            ("wa.webm", "webm", {"cues_to_front": "1", "cluster_time_limit": "10000"}, "a", 2),
        ],
    ),
    "webm": (VP9, [("w.webm", "webm", {}, "va", 3)]),
    "mkv, cues in front": (H264, [("kf.mkv", "matroska", {"cues_to_front": "1"}, "va", 3)]),
    "mkv": (H264, [("k.mkv", "matroska", {}, "va", 4)]),
}
PLACES = [0.0, 3.0, 17.3, 0.5, 0.77, -14.2]  # seconds, shares of the length, seconds from the end
BYTES_MAX = {"mkv": 1.10, "mkv, cues in front": 1.10}  # of the least; 1.08 of the others


@pytest.mark.parametrize(
    "minutes", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (5, 20))], ids="{} minutes".format
)
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_clip_is_fetched_in_few_requests_and_few_bytes(library, name, minutes, record_property):
    _essence, parts = CONTAINERS[name]
    folder = long_videos(library, name, minutes)
    with serving(folder) as server:
        for place in PLACES:
            start_s = place + minutes * 60 if place < 0 else place * minutes * 60 if 0 < place < 1 else place
            server.tallies.clear()
            least = read_clip(server, [part[0] for part in parts], start_s)
            sent = sum(tally.sent_bytes for tally in server.tallies.values())
            requests = [server.tallies[part[0]].requests for part in parts]
            record_property(f"{start_s:.1f} s", f"{requests} requests, {sent} bytes, {sent / least:.3f} of the least")
            assert all(n <= part[4] for n, part in zip(requests, parts, strict=True)), (start_s, requests)
            assert sent <= BYTES_MAX.get(name, 1.08) * least, (start_s, sent / least)
            assert max(tally.largest_bytes for tally in server.tallies.values()) <= READ_BYTES_MAX


def long_videos(library, name, minutes):
    """Twenty seconds again and again, without encoding them again."""
    essence, parts = CONTAINERS[name]
    folder = library.folder / f"{minutes} minutes"
    folder.mkdir(exist_ok=True)
    form = "webm" if essence is VP9 else "mp4"
    unit = library.encoded(f"unit.{form}", essence, form)
    for file, muxer, options, kinds, _ in parts:
        if not (folder / file).exists():
            remux(unit, folder / file, muxer, options, kinds, repeat=minutes * 3)
    return folder


def read_clip(server, names, start_s):
    """Read what ten seconds need, without decoding. Returns the least bytes: packets from the keyframe, and index."""
    streams = [HttpStream(server, name) for name in names]
    files = [media_file(stream) for stream in streams]
    span = clip_of(start_s, start_s + 10).span
    opened = tracks.open_tracks(files[0], files[-1], span, Limits())
    pictures, sounds = list(opened.picture_packets()), list(opened.sound_packets())
    last = max(i for i, packet in enumerate(pictures) if packets.tick_of(packet) < opened.picture.tick(span.end_us))
    inside = (opened.sound.tick(span.start_us), opened.sound.tick(span.end_us))
    least = sum(packet.size for packet in pictures[: last + 1])
    least += sum(packet.size for packet in sounds if inside[0] <= packets.tick_of(packet) < inside[1])
    opened.close()
    for stream in streams:
        stream.close()
    return least + sum(end - start for file in files for start, end in file.layout.index)


def media_file(stream):
    cache = ByteCache(lambda start, end: (stream.read(start, end), stream.size_bytes), None, 1 << 40)
    return tracks.MediaFile(cache, read_layout(cache))


@pytest.mark.parametrize("name", ["DASH pair", "webm pair"])
def test_sound_is_read_from_the_middle_of_a_unit_as_if_it_had_been_read_whole(library, name):
    folder = long_videos(library, name, 2)
    pictures, sounds = (folder / part[0] for part in CONTAINERS[name][1])
    with av.open(str(sounds)) as container:
        known = [(packet.pts, bytes(packet)) for packet in container.demux() if packet.size]
    stream = Memory(sounds.read_bytes())
    file = media_file(stream)
    for start_s in (7.5, 38.25, 36.0, 39.9, 33.3, 118.5, 61.99, 0.0):  # back and forth, some in one unit
        stream.reads.clear()
        span = clip_of(start_s, start_s + 4).span
        opened = tracks.open_tracks(media_file(Memory(pictures.read_bytes())), file, span, Limits())
        got = [(packet.pts, bytes(packet)) for packet in opened.sound_packets()]
        wanted = [
            packet
            for packet in known
            if opened.sound.tick(span.start_us) <= packet[0] < opened.sound.tick(min(span.end_us, 119_000_000))
        ]
        assert [packet for packet in got if wanted[0][0] <= packet[0] <= wanted[-1][0]] == wanted
        assert set(got) <= set(known)
        opened.close()


@pytest.mark.parametrize("start_s", [5, 7, 58])  # the first two in the first unit, close behind the index
@pytest.mark.parametrize("name", ["DASH pair", "webm pair"])
def test_what_lies_before_the_span_in_its_unit_of_sound_is_not_fetched(library, name, start_s):
    sounds = long_videos(library, name, 2) / CONTAINERS[name][1][1][0]
    stream = Memory(sounds.read_bytes())
    pictures = media_file(Memory((sounds.parent / CONTAINERS[name][1][0][0]).read_bytes()))
    opened = tracks.open_tracks(pictures, media_file(stream), clip_of(start_s, start_s + 5.5).span, Limits())
    list(opened.sound_packets())
    opened.close()
    fetched = sum(end - start for start, end in stream.reads)
    assert fetched < stream.size_bytes * 5.5 / 120 * 1.35 + 8192  # a fragment or cluster has ten seconds
    assert len(stream.reads) <= 3


def test_the_index_of_a_video_is_fetched_once_for_all_its_clips(engine_for, library):
    folder = long_videos(library, "mp4", 2)
    with serving(folder) as server:
        stream = HttpStream(server, "p.mp4")
        with engine_for().open(MediaInput(stream)) as cutter:
            opening = server.tallies["p.mp4"].requests
            for start_s in (20, 21, 90):
                cutter.cut(clip_of(start_s, start_s + 2))
        stream.close()
        assert opening == 2
        assert server.tallies["p.mp4"].requests <= opening + 2 + 1  # the second span begins inside the first


def test_hints_of_where_the_index_lies_save_its_search(engine_for, library):
    path = long_videos(library, "DASH pair", 2) / "dv.mp4"
    stream = Memory(path.read_bytes())
    end = stream.data.index(b"moof") - 4
    with engine_for().open(MediaInput(stream, index_bytes=((700, end), None))):
        assert stream.reads == [(0, end + 16)]


def test_a_file_without_index_is_read_from_its_start_in_bounded_pieces(engine_for, library, tmp_path):
    path = remux(library.encoded("unit.mp4", H264), tmp_path / "long.ts", "mpegts", repeat=6)
    stream = Memory(path.read_bytes())
    with engine_for().open(MediaInput(stream)) as cutter:
        cutter.cut(clip_of(90, 91))
    assert max(end - start for start, end in stream.reads) <= READ_BYTES_MAX
    assert len(stream.reads) < 15
    assert [start for start, _ in stream.reads] == sorted(start for start, _ in stream.reads)


def test_a_stream_that_never_tells_its_size_is_read_all_the_same(engine_for, library):
    class Sizeless(Memory):
        size_bytes = None

    for form in ("mp4", "mp4, moov at the end", "DASH pair", "mkv", "transport stream"):
        paths = library.files(form, Fraction(25))
        streams = [Sizeless(path.read_bytes()) for path in paths]
        with engine_for().open(MediaInput(streams[0], streams[1] if len(streams) > 1 else None)) as cutter:
            assert cutter.cut(clip_of(3, 4)).facts.frames == 25
