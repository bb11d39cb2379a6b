"""What a clip costs on the line, counted by the server, against the least that its bytes allow."""

from collections import defaultdict
from dataclasses import replace

import av
import pytest
from program import clipset, write_list

from clipset.ledger import Ledger
from clipset.media.least import PacketRow, needed_bytes
from clipset.rehearsal import Kind, Layout, Rehearsal, Scenario, Video
from clipset.rehearsal.media import MediaLibrary
from clipset.rehearsal.specs import media_spec

LONG = Video(duration_s=300, media_key=5)
FORMS = {
    "progressive": replace(LONG, itags=(18,)),
    "moov at the end": replace(LONG, itags=(18,), layout=Layout.TAIL),
    "dash with sidx": replace(LONG, itags=(134, 140)),
    "webm": replace(LONG, itags=(243, 251), duration_s=150),
    "webm with cues at the end": replace(LONG, itags=(243, 251), duration_s=150, layout=Layout.TAIL),
}
PLACES = {"early": 0.02, "middle": 0.5, "late": 0.95}
JOBS = 2
MOST_BYTES = 1.08  # of the least
LEDGER_SLACK = 0.01  # what the ledger says of the least may be off by
MOST_REQUESTS = {"webm": 2}  # a stream; 3 of the others


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("media")


def least_bytes(file, index_end: int | None, start_s: float, end_s: float) -> int:
    """The index, and the packets of each stream from the keyframe at or before the start up to the end.

    The index is all up to `index_end`; all that is no packet, if that is None.
    """
    streams = defaultdict(list)
    with av.open(str(file.path)) as container:
        for packet in container.demux():
            if packet.size:
                row = PacketRow(packet.pts * packet.time_base, packet.is_keyframe, packet.size)
                streams[packet.stream.index].append(row)
    total = sum(row.size_bytes for rows in streams.values() for row in rows)
    index = file.path.stat().st_size - total if index_end is None else index_end
    return index + sum(needed_bytes(rows, start_s, end_s) for rows in streams.values())


def index_end(cache, video: Video, itag: int) -> int | None:
    """Where the index ends, if it stands in front; cues at the end are as long as they would be there."""
    index = MediaLibrary(cache).get(media_spec("", replace(video, layout=Layout.FRONT), itag)).ranges.index
    return None if index is None else index[1] + 1


def recorded(dataset, video_id: str) -> int:
    """The least bytes that the ledger has for the one clip of a video."""
    sql = "SELECT sum(least_bytes) FROM attempt JOIN clip ON clip.key = clip_key JOIN video ON video.key = video_key"
    with Ledger.read(dataset) as ledger:
        ((least,),) = ledger.select(f"{sql} WHERE video.id = ?", video_id)
    return least


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_clip_costs_little_more_than_its_own_bytes(form, cache, tmp_path, capsys):
    video = FORMS[form]
    clips = {f"{place:_<11}": round(share * (video.duration_s - 12)) for place, share in PLACES.items()}
    rows = [("x", video_id, start_s, start_s + 10, "val") for video_id, start_s in clips.items()]
    scenario = Scenario(videos=dict.fromkeys(clips, video))
    with Rehearsal(scenario, cache=cache) as youtube:
        youtube.prepare(clips)
        ran = clipset(
            "fetch", write_list(tmp_path / "list.csv", rows), "--out", tmp_path / "out",
            "--youtube-origin", youtube.origin, "--rate", "unlimited", "--jobs", JOBS,
        )  # fmt: skip
        connections = youtube.connections
        media = [entry for entry in youtube.log if entry.kind is Kind.MEDIA]
    assert ran.returncode == 0, ran.stderr
    files = {itag: MediaLibrary(cache).get(media_spec("", video, itag)) for itag in video.itags}
    indexes = {itag: index_end(cache, video, itag) for itag in video.itags}
    for video_id, start_s in clips.items():
        asked = [entry for entry in media if entry.video_id == video_id]
        fetched = sum(entry.bytes_sent for entry in asked)
        least = sum(least_bytes(file, indexes[itag], start_s, start_s + 10) for itag, file in files.items())
        requests = max(sum(entry.itag == itag for entry in asked) for itag in files)
        with capsys.disabled():
            ratio = f"{fetched:>9,} bytes, {fetched / least:.2f} of the least"
            print(f"\n{form:<28}{video_id.rstrip('_'):<8}{requests} requests a stream, {ratio}", end="")  # noqa: T201 - the table is what this test is read for
        assert fetched <= MOST_BYTES * least
        assert requests <= MOST_REQUESTS.get(form, 3)
        assert recorded(tmp_path / "out", video_id) == pytest.approx(least, rel=LEDGER_SLACK)
    assert connections <= JOBS
