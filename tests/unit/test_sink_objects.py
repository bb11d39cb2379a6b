"""ObjectSink beyond the contract: what a request costs, and what happens when the store says no, or nothing."""

import pickle
import threading
from pathlib import Path

import fsspec
import pytest

from clipset.cli.storing import StoreWatch
from clipset.clock import Clock
from clipset.config import UserError
from clipset.reasons import Disposition, Reason
from clipset.sinks import FolderSink, ObjectSink, Place, checked_url
from clipset.sinks.objects import FIRST_READ_BYTES, pause_s
from clipset.sinks.stores import Store, open_store
from clipset.sinks.trouble import Kind, trouble_of
from clipset.types import ClipsetError, Interrupted, Sink
from s3proxy import BUSY, RESET, Answer, some

CLIP = "train/riding_a_bike/abcdefghijk_000001_000011.mp4"
SAME_CLIP = "val/cycling/abcdefghijk_000001_000011.mp4"
NEVER = threading.Event()


class FakeClock:
    """Waiting takes no time; `during` happens while somebody waits."""

    def __init__(self, during=lambda: None) -> None:
        self.now, self.waits, self.during = 0, [], during

    def now_us(self) -> int:
        return self.now

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.now += round(seconds * 1_000_000)
        self.waits.append(seconds)
        self.during()
        return stop.is_set()


def sink_of(bucket: str, clock: Clock | None = None, abort: threading.Event = NEVER) -> ObjectSink:
    return ObjectSink(open_store("s3", abort), f"{bucket}/p", f"s3://{bucket}/p", abort, clock or FakeClock())


def failure_of(act):
    with pytest.raises(ClipsetError) as caught:
        act()
    return caught.value.failure


def content(sink: Sink, path: str) -> bytes | None:
    found = sink.get(path)
    return None if found is None else found.read(0, found.size_bytes or 0)


def test_what_each_act_asks_of_the_store(s3, bucket):
    sink = sink_of(bucket)
    acts = {
        "PUT 200": lambda: sink.put(CLIP, b"frames" * 1000),
        "GET 206": lambda: content(sink, CLIP),
        "GET 404": lambda: sink.get(SAME_CLIP),
        "PUT 200 ": lambda: sink.link(SAME_CLIP, CLIP),
    }
    for name, act in acts.items():
        s3.seen.clear()
        act()
        assert dict(s3.counts()) == {name.strip(): 1}


def test_a_probe_takes_two_requests_and_leaves_one_small_object_that_is_no_clip(s3, bucket, tmp_path):
    Place(tmp_path, f"s3://{bucket}/p").prepare(NEVER)
    assert s3.seen == [("GET", f"/{bucket}/p/.clipset/absent", 404), ("PUT", f"/{bucket}/p/.clipset/probe", 200)]


def test_a_long_clip_is_one_put_and_is_read_by_ranges(s3, bucket):
    data = bytes(range(256)) * (FIRST_READ_BYTES // 256 + 100)
    sink = sink_of(bucket)
    sink.put(CLIP, data)
    assert dict(s3.counts()) == {"PUT 200": 1}
    s3.seen.clear()
    stream = sink.get(CLIP)
    assert stream.size_bytes == len(data)
    assert dict(s3.counts()) == {"GET 206": 1, "HEAD 200": 1}
    assert stream.read(10, 20) == data[10:20]
    assert stream.read(len(data) - 5, len(data) + 5) == data[-5:]
    assert stream.read(FIRST_READ_BYTES - 3, FIRST_READ_BYTES + 3) == data[FIRST_READ_BYTES - 3 : FIRST_READ_BYTES + 3]
    assert s3.counts()["GET 206"] == 3


@pytest.mark.parametrize("fault", [BUSY, RESET, Answer(500, "InternalError"), Answer(502, "BadGateway")], ids=str)
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_store_that_is_busy_for_a_while_is_waited_for(s3, bucket, fault, method):
    clock = FakeClock()
    sink = sink_of(bucket, clock)
    s3.fault = some(fault, 3, method)
    sink.put(CLIP, b"frames")
    assert content(sink, CLIP) == b"frames"
    assert 1 <= len(clock.waits) <= 3  # a connection that was open before may be tried again by the library
    assert sink.trouble is None


def test_while_it_is_waited_for_the_sink_says_why(s3, bucket):
    said = []
    clock = FakeClock(lambda: said.append(sink.trouble))
    sink = sink_of(bucket, clock)
    s3.fault = some(BUSY, 10)
    sink.put(CLIP, b"frames")
    assert said[0] is None  # a hiccup is not worth a word
    assert "SlowDown" in said[-1]
    assert sink.trouble is None


def test_a_run_tells_once_that_its_store_is_away_and_once_that_it_is_back(s3, bucket):
    told = []

    class Told:
        def warned(self, text: str, about: str = "mirror") -> None:
            told.append(f"{about}: {text}")

        def tick(self, in_flight, gates, waiting_until_us) -> None:
            pass

    sink = sink_of(bucket, FakeClock(lambda: watch.tick(1, (), None)))
    watch = StoreWatch(Told(), sink)
    s3.fault = some(BUSY, 10)
    sink.put(CLIP, b"frames")
    watch.tick(1, (), None)
    assert len(told) == 2
    assert told[0].startswith("store of the clips: waited for")
    assert "SlowDown" in told[0]
    assert told[1] == "store of the clips: it answers again"


def test_what_was_damaged_on_its_way_is_put_again(s3, bucket):
    sink = sink_of(bucket)
    s3.fault = some(Answer(damages=True), 1)
    sink.put(CLIP, b"frames")
    assert [status for _, _, status in s3.seen] == [400, 200]
    assert content(sink, CLIP) == b"frames"


def test_a_store_that_stays_away_ends_the_run_and_is_not_asked_again(s3, bucket):
    clock = FakeClock()
    sink = sink_of(bucket, clock)
    s3.fault = some(BUSY, 10_000)
    failure = failure_of(lambda: sink.put(CLIP, b"frames"))
    assert (failure.reason, failure.disposition) == (Reason.STORE_UNAVAILABLE, Disposition.STOP)
    assert "SlowDown" in failure.detail
    assert "run the same command again" in failure.detail
    assert 500 < sum(clock.waits) <= 600
    asked = len(s3.seen)
    assert failure_of(lambda: sink.put(SAME_CLIP, b"frames")) == failure
    assert len(s3.seen) == asked
    assert sink.get(SAME_CLIP) is None  # reading works, as far as anybody knows


def test_an_object_that_fails_while_others_are_taken_costs_only_itself(s3, bucket):
    clock = FakeClock(lambda: sink.put(SAME_CLIP, b"frames"))
    sink = sink_of(bucket, clock)
    s3.fault = lambda method, path: BUSY if CLIP in path else None
    failure = failure_of(lambda: sink.put(CLIP, b"frames"))
    assert (failure.reason, failure.disposition) == (Reason.STORE_ERROR, Disposition.RETRY)
    sink.put(SAME_CLIP, b"frames")


def test_objects_that_are_refused_one_after_the_other_end_the_run(s3, bucket):
    clock = FakeClock()
    sink = sink_of(bucket, clock)
    s3.fault = lambda method, path: Answer(400, "InvalidArgument") if method == "PUT" else None
    reasons = [failure_of(lambda: sink.put(CLIP, b"frames")).reason for _ in range(5)]
    assert reasons == [Reason.STORE_ERROR] * 4 + [Reason.STORE_UNAVAILABLE]
    assert clock.waits == []


@pytest.mark.parametrize(
    ("status", "code", "reason", "hint"),
    [
        (403, "AccessDenied", Reason.NO_PERMISSION, "credentials"),
        (403, "InvalidAccessKeyId", Reason.NO_PERMISSION, "credentials"),
        (403, "RequestTimeTooSkewed", Reason.STORE_UNAVAILABLE, "clock"),
        (403, "QuotaExceeded", Reason.DISK_FULL, "room"),
        (507, "XMinioStorageFull", Reason.DISK_FULL, "room"),
    ],
)
def test_what_waiting_does_not_mend_ends_the_run_at_once(s3, bucket, status, code, reason, hint):
    clock = FakeClock()
    s3.fault = lambda method, path: Answer(status, code)
    failure = failure_of(lambda: sink_of(bucket, clock).put(CLIP, b"frames"))
    assert failure.reason is reason
    assert hint in failure.detail
    assert code in failure.detail
    assert (len(s3.seen), clock.waits) == (1, [])


def test_a_bucket_of_another_region_is_told(s3, bucket):
    s3.fault = lambda method, path: Answer(301, "PermanentRedirect") if method == "PUT" else None
    failure = failure_of(lambda: sink_of(bucket).put(CLIP, b"frames"))
    assert failure.reason is Reason.STORE_UNAVAILABLE
    assert "AWS_DEFAULT_REGION" in failure.detail


def test_a_bucket_that_is_not_there_is_no_missing_clip(s3, bucket):
    sink = sink_of(f"{bucket}-none")
    for act in (lambda: sink.get(CLIP), lambda: sink.put(CLIP, b"frames")):
        failure = failure_of(act)
        assert failure.reason is Reason.STORE_UNAVAILABLE
        assert "no such bucket" in failure.detail


def test_who_may_put_but_not_look_is_told_what_that_takes(s3, bucket, tmp_path):
    s3.fault = lambda method, path: Answer(403, "AccessDenied") if method == "GET" else None
    failure = failure_of(lambda: Place(tmp_path, f"s3://{bucket}/p").prepare(NEVER))
    assert failure.reason is Reason.NO_PERMISSION
    assert "s3:ListBucket" in failure.detail


def test_an_abort_ends_a_request_that_is_under_way(s3, bucket):
    abort, ended = threading.Event(), []
    sink = sink_of(bucket, abort=abort)
    s3.fault = lambda method, path: Answer(after_s=60)

    def put() -> None:
        with pytest.raises(Interrupted):
            sink.put(CLIP, b"frames")
        ended.append(True)

    thread = threading.Thread(target=put)
    s3.fault = lambda method, path: (abort.set(), Answer(after_s=60))[1]  # once it is there
    thread.start()
    thread.join(timeout=30)
    assert ended == [True]


def test_an_abort_ends_the_wait_for_a_busy_store(s3, bucket):
    abort = threading.Event()
    sink = sink_of(bucket, FakeClock(abort.set), abort)
    s3.fault = some(BUSY, 10_000)
    with pytest.raises(Interrupted):
        sink.put(CLIP, b"frames")


def test_a_request_without_an_answer_ends_in_time(s3, bucket, monkeypatch):
    monkeypatch.setattr("clipset.sinks.stores.LIMIT_S", 0.2)
    sink = sink_of(bucket)
    s3.fault = some(Answer(after_s=60), 1)
    sink.put(CLIP, b"frames")
    assert s3.counts()["PUT 200"] == 1


def test_a_slow_store_is_no_fault(s3, bucket):
    clock = FakeClock()
    sink = sink_of(bucket, clock)
    s3.fault = some(Answer(after_s=0.5, passes=True), 1)
    sink.put(CLIP, b"frames")
    assert (content(sink, CLIP), clock.waits) == (b"frames", [])


def test_a_bug_is_not_waited_out():
    class Broken(Store):
        def put(self, key: str, data: bytes) -> None:
            raise TypeError("no store says that")

    with pytest.raises(TypeError):
        ObjectSink(Broken(None, NEVER), "b/p", "s3://b/p", NEVER, FakeClock()).put(CLIP, b"frames")


def test_what_did_not_arrive_whole_is_put_again_where_only_its_length_is_told():
    class Forgetful(Store):
        sizes = iter([3, 6])

        def size_bytes(self, key: str) -> int:
            return next(self.sizes)

    class Nothing:
        async_impl = False
        puts = 0

        def pipe_file(self, key: str, data: bytes) -> None:
            self.puts += 1

    nothing = Nothing()
    ObjectSink(Forgetful(nothing, NEVER), "b/p", "gs://b/p", NEVER, FakeClock()).put(CLIP, b"frames")
    assert nothing.puts == 2


def test_pauses_double_up_to_half_a_minute_and_are_spread():
    assert [pause_s(tries, 1.0) for tries in (1, 2, 3, 7, 8, 1000)] == [0.5, 1.0, 2.0, 30.0, 30.0, 30.0]
    assert pause_s(3, 0.0) == 1.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError("x"), Kind.ABSENT),
        (PermissionError("x"), Kind.DENIED),
        (TimeoutError(), Kind.BUSY),
        (ConnectionResetError(), Kind.BUSY),
        (OSError("x"), Kind.BUSY),
        (ValueError("Invalid endpoint: localhost:9000"), Kind.UNUSABLE),
        (pickle.PicklingError("of some library"), Kind.BUSY),
    ],
    ids=repr,
)
def test_an_error_without_an_answer_is_known_by_its_kind(error, kind):
    trouble = trouble_of(error)
    assert trouble is not None
    assert trouble.kind is kind
    assert trouble.text


def test_a_password_in_a_proxys_address_is_not_told():
    trouble = trouble_of(OSError("Could not connect to http://me:secret@proxy.example/x\nand more"))
    assert trouble is not None
    assert trouble.text == "Could not connect to http://proxy.example/x and more"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("s3://bucket", "s3://bucket"),
        ("S3://bucket/prefix//", "s3://bucket/prefix"),
        ("s3://bucket/été/a b", "s3://bucket/été/a b"),
        ("file:///srv/clips/", "file:///srv/clips"),
    ],
)
def test_an_address_has_one_form(given, meant):
    assert checked_url(given) == meant
    assert checked_url(meant) == meant


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("bucket/prefix", "s3://"),
        ("", "s3://"),
        ("://x", "s3://"),
        ("s3://", "bucket"),
        ("s3:///prefix", "bucket"),
        ("s3://bucket//prefix", "bucket"),
        ("s3://bucket/../other", "bucket"),
        ("s3://bucket/a\x1b[2Jb", "bucket"),
        ("s3://key:secret@bucket/prefix", "credentials"),
        ("s3://bucket/prefix?token=secret", "credentials"),
        ("s3://bucket/prefix#secret", "credentials"),
        ("https://bucket.example/prefix", "not https"),
        ("memory://clips", "not memory"),
        ("file://relative/path", "file:///srv/clips"),
        ("gs://bucket/prefix", "pip install 'gcsfs'"),
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_a_secret(given, hint):
    with pytest.raises(UserError) as caught:
        checked_url(given)
    assert hint in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_the_extra_its_name_is_said(monkeypatch):
    monkeypatch.setattr("clipset.sinks.place.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'clipset\[s3\]'"):
        checked_url("s3://bucket")


@pytest.mark.parametrize("settings", [{"retriez": 3}, {"config_kwargs": {"retriez": 3}}, {"config_kwargs": 3}], ids=str)
def test_settings_of_fsspec_that_make_no_sense_are_the_users(settings, bucket, tmp_path, monkeypatch):
    monkeypatch.setitem(fsspec.config.conf, "s3", settings)
    with pytest.raises(UserError, match="settings of fsspec"):
        Place(tmp_path, f"s3://{bucket}").prepare(NEVER)


def test_settings_of_fsspec_stand_beside_ours(s3, bucket, tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    settings = {"endpoint_url": s3.origin, "config_kwargs": {"s3": {"addressing_style": "path"}}}
    monkeypatch.setitem(fsspec.config.conf, "s3", settings)
    s3.fault = some(BUSY, 1)
    clock = FakeClock()
    sink_of(bucket, clock).put(CLIP, b"frames")
    assert (len(s3.seen), len(clock.waits)) == (2, 1)  # tried again by us, not by the library


def test_a_place_can_be_sent_to_another_machine_and_opened_there(bucket, tmp_path):
    place = pickle.loads(pickle.dumps(Place(tmp_path, f"s3://{bucket}/p")))  # noqa: S301 - our own
    place.open(NEVER).put(CLIP, b"frames")
    assert content(sink_of(bucket), CLIP) == b"frames"


def test_a_folder_of_others_keeps_their_young_drafts(tmp_path: Path):
    drafts = tmp_path / "clips" / ".clipset" / "tmp"
    drafts.mkdir(parents=True)
    (drafts / "x.draft").write_bytes(b"")
    place = Place(tmp_path / "dataset", f"file://{tmp_path}/clips")
    place.prepare(NEVER)
    assert (drafts / "x.draft").exists()
    Place(tmp_path / "clips").prepare(NEVER)
    assert not (drafts / "x.draft").exists()
    assert isinstance(place.open(NEVER), FolderSink)
