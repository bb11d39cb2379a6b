"""The main job with its clips in an object store: the same clips, whatever the store does meanwhile."""

import http.client
import signal
import subprocess
import time
from itertools import count
from pathlib import Path

import fsspec
import pytest
from program import clipset_command, environment, here, status, table, tree, write_list

from clipset.rehearsal import Rehearsal, Scenario, Video
from s3proxy import BUSY, RESET, Answer, Proxy

ROWS = [("juggling", f"video{number:06d}", 1 + number % 3, 4 + number % 3, "val") for number in range(6)]
ROWS += [("rope's end", "video000000", 1, 4, "train")]  # a second name of a clip
VIDEOS = 6
VIDEO = Video(duration_s=10, shrink=2, itags=(18,), media_key=7)


@pytest.fixture(scope="module")
def annotations(tmp_path_factory) -> Path:
    return write_list(tmp_path_factory.mktemp("list") / "list.csv", ROWS)


@pytest.fixture(scope="module")
def files(annotations, tmp_path_factory) -> dict[str, bytes]:
    """What the same fetch puts into a directory."""
    out = tmp_path_factory.mktemp("whole")
    with offline() as youtube:
        assert here(*words(youtube, annotations, out)).returncode == 0
    assert len(tree(out)) == len(ROWS)
    return tree(out)


def offline() -> Rehearsal:
    return Rehearsal(Scenario(default=VIDEO))


def words(youtube: Rehearsal, annotations: Path, out: Path, *more: object) -> list[object]:
    return ["fetch", annotations, "--out", out, "--youtube-origin", youtube.origin, "--rate", "unlimited", *more]


def objects(url: str) -> dict[str, bytes]:
    """Every clip under its name below the address."""
    fs = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    root = url.removeprefix("s3://") + "/"
    names = [name.removeprefix(root) for name in fs.find(root)]
    return {name: fs.cat_file(root + name) for name in names if not name.startswith(".clipset/")}


def is_clip(path: str) -> bool:
    return path.endswith(".mp4")


def clip_puts(s3: Proxy) -> list[str]:
    return [path for method, path, status in s3.seen if (method, status) == ("PUT", 200) and is_clip(path)]


@pytest.fixture
def url(bucket) -> str:
    return f"s3://{bucket}/some/where"


def test_the_clips_are_in_the_store_and_everything_else_in_the_directory(annotations, files, s3, url, tmp_path):
    with offline() as youtube:
        ran = here(*words(youtube, annotations, tmp_path / "out", "--clips-to", f"{url}/"))
        assert ran.returncode == 0, ran.stderr
        assert url in ran.stderr
        clips = [(method, status) for method, path, status in s3.seen if is_clip(path)]
        assert sorted(clips) == [("GET", 404)] * VIDEOS + [("PUT", 200)] * len(ROWS)
        assert objects(url) == files
        assert tree(tmp_path / "out") == {}
        assert len(table(tmp_path / "out" / "stats.csv")) == VIDEOS
        found = status(tmp_path / "out")
        assert found["clips"] == {"wanted": 0, "done": VIDEOS, "lost": 0}
        assert found["clips_to"] == url
        youtube.reset()
        s3.seen.clear()
        assert here(*words(youtube, annotations, tmp_path / "out")).returncode == 0  # the ledger remembers the store
        assert sum(youtube.counts().values()) == 0
        assert [path for _, path, _ in s3.seen if is_clip(path)] == []
        another = write_list(tmp_path / "b.csv", [("skating", "video000001", 2, 5, "test")])
        s3.fault = lambda method, path: Answer(403, "AccessDenied") if is_clip(path) else None
        denied = here(*words(youtube, another, tmp_path / "out"))
        assert (denied.returncode, denied.stderr.count("\n")) == (5, 1)
        s3.fault = lambda method, path: None
        assert here(*words(youtube, another, tmp_path / "out")).returncode == 0
        assert sum(youtube.counts().values()) == 0
    assert (
        objects(url)["test/skating/video000001_000002_000005.mp4"]
        == files["val/juggling/video000001_000002_000005.mp4"]
    )


def test_a_store_that_fails_now_and_then_changes_nothing(annotations, files, s3, url, tmp_path):
    numbers = count()
    faults = [None, BUSY, Answer(after_s=0.3, passes=True), None, RESET, Answer(500, "InternalError")]
    s3.fault = lambda method, path: faults[next(numbers) % len(faults)]
    with offline() as youtube:
        ran = here(*words(youtube, annotations, tmp_path / "out", "--clips-to", url))
        assert youtube.counts()["player"] == VIDEOS
    assert ran.returncode == 0, ran.stderr
    s3.fault = lambda method, path: None
    assert objects(url) == files


def test_killed_between_put_and_record_nothing_is_asked_for_twice(annotations, files, s3, url, tmp_path):
    puts, most = count(1), 3

    def late(method: str, path: str) -> Answer | None:
        """The store has them, and never says so."""
        is_put = method == "PUT" and is_clip(path)
        return Answer(after_s=600, passes=True) if is_put and next(puts) > 1 else None

    s3.fault = late
    out = tmp_path / "out"
    with offline() as youtube:
        command = clipset_command(*words(youtube, annotations, out, "--clips-to", url, "--jobs", most))
        with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as run:
            while len(s3.decided) < most:
                assert run.poll() is None
                time.sleep(0.05)
            run.send_signal(signal.SIGKILL)
        there = set(objects(url))
        videos = len({Path(path).stem for path in there})
        s3.fault = lambda method, path: None
        s3.seen.clear()
        youtube.reset()
        ran = here(*words(youtube, annotations, out))
        assert youtube.counts()["player"] == VIDEOS - videos
    assert ran.returncode == 0, ran.stderr
    again = {path.partition("/some/where/")[2] for path in clip_puts(s3)} & there
    assert all("rope" in path for path in again)  # at most a second name is copied once more
    assert objects(url) == files
    assert status(out)["clips"] == {"wanted": 0, "done": VIDEOS, "lost": 0}


def test_a_store_that_goes_away_stops_the_run_and_no_clip_is_the_worse(
    annotations, files, s3, url, tmp_path, monkeypatch
):
    monkeypatch.setattr("clipset.sinks.objects.PATIENCE_S", 0.2)
    s3.fault = lambda method, path: BUSY if method == "PUT" and is_clip(path) else None
    with offline() as youtube:
        ran = here(*words(youtube, annotations, tmp_path / "out", "--clips-to", url, "--jobs", 2))
        assert ran.returncode == 5
        assert youtube.counts()["player"] <= 4  # not the whole list for nothing
        complaint = next(line for line in ran.stderr.splitlines() if line.startswith("clipset: "))
        assert "SlowDown" in complaint
        assert "store_unavailable" in complaint
        found = table(tmp_path / "out" / "failed.csv")
        assert {(row["attempts"], row["disposition"]) for row in found if row["reason"]} <= {("0", "stop"), ("0", "")}
        s3.fault = lambda method, path: None
        assert here(*words(youtube, annotations, tmp_path / "out")).returncode == 0
    assert objects(url) == files


MISTAKES = {
    "access denied": ("AccessDenied", lambda s3, env: setattr(s3, "fault", lambda m, p: Answer(403, "AccessDenied"))),
    "no such bucket": ("there is no such bucket", lambda s3, env: None),
    "nobody at the address": ("Could not connect", lambda s3, env: env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")),
    "an address that is none": ("Invalid endpoint", lambda s3, env: env("AWS_ENDPOINT_URL", "localhost")),
    "no credentials": ("there are no credentials", lambda s3, env: env("AWS_ACCESS_KEY_ID", "")),
    "a clock that is wrong": (
        "clock",
        lambda s3, env: setattr(s3, "fault", lambda m, p: Answer(403, "RequestTimeTooSkewed")),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_store_that_cannot_be_used_is_told_before_anything_is_asked(mistake, annotations, s3, tmp_path, monkeypatch):
    monkeypatch.setattr("clipset.sinks.place.PROBE_S", 0.2)
    hint, make = MISTAKES[mistake]
    make(s3, monkeypatch.setenv)
    with offline() as youtube:
        ran = here(*words(youtube, annotations, tmp_path / "out", "--clips-to", "s3://no-such-bucket/p"))
        assert sum(youtube.counts().values()) == 0
    assert ran.returncode == 5
    assert hint in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert "again" in ran.stderr
    assert not (tmp_path / "out").exists()


def test_the_place_of_a_dataset_is_decided_once(annotations, s3, url, tmp_path):
    with offline() as youtube:
        asked = words(youtube, annotations, tmp_path / "out", "--max-clips", 1)
        assert here(*asked, "--clips-to", url).returncode == 3
        moved = here(*asked, "--clips-to", f"{url}/else")
        assert here(*words(youtube, annotations, tmp_path / "files", "--max-clips", 1)).returncode == 3
        late = here(*words(youtube, annotations, tmp_path / "files", "--clips-to", url))
    assert (moved.returncode, late.returncode) == (2, 2)
    assert url in moved.stderr
    assert "leave --clips-to out" in late.stderr
    secret = here("plan", annotations, "--clips-to", "s3://me:secret@bucket/p")
    assert secret.returncode == 2
    assert "secret" not in secret.stderr


def test_what_is_made_of_clips_works_on_those_in_a_store(annotations, s3, url, tmp_path):
    out = tmp_path / "out"
    with offline() as youtube:
        chosen = ("--clips-to", url, "--class", "juggling", "--limit", 2)
        assert here(*words(youtube, annotations, out, *chosen)).returncode == 0
        ran = here("sound", out, "--out", tmp_path / "sound")
        assert ran.returncode == 0, ran.stderr
        assert len(list((tmp_path / "sound").rglob("*.wav"))) == 2
        adopted = here("adopt", out, "--from", tmp_path)
        assert adopted.returncode == 2
        assert "--source folder:PATH" in adopted.stderr
        assert youtube.counts()["player"] == 2
        rebuilt = here("rebuild", out, "--force")
        assert rebuilt.returncode == 0, rebuilt.stderr
        assert url in rebuilt.stderr
        youtube.reset()
        assert here(*words(youtube, annotations, out, *chosen)).returncode == 0
        assert youtube.counts()["player"] == 0
    assert status(out)["clips"] == {"wanted": 0, "done": 2, "lost": 0}


def test_the_explorer_plays_clips_from_the_store(annotations, s3, url, tmp_path):
    with offline() as youtube:
        ran = here(*words(youtube, annotations, tmp_path / "out", "--clips-to", url, "--limit", 1))
        assert ran.returncode == 0, ran.stderr
    clip = objects(url)["val/juggling/video000000_000001_000004.mp4"]
    command = clipset_command("explore", tmp_path / "out", "--port", 0)
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as explorer:
        port = int(explorer.stdout.readline().strip().rpartition(":")[2].rstrip("/"))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/media/video000000_000001_000004", headers={"Range": "bytes=100-199"})
        with connection.getresponse() as answer:
            assert (answer.status, answer.read()) == (206, clip[100:200])
        connection.close()
        explorer.send_signal(signal.SIGINT)
        assert explorer.wait(60) == 0


def test_the_clips_can_go_to_another_folder_too(annotations, files, tmp_path):
    with offline() as youtube:
        ran = here(*words(youtube, annotations, tmp_path / "out", "--clips-to", f"file://{tmp_path}/clips"))
    assert ran.returncode == 0, ran.stderr
    assert (tree(tmp_path / "clips"), tree(tmp_path / "out")) == (files, {})


def test_two_interrupts_end_a_run_that_waits_for_its_store(annotations, s3, url, tmp_path):
    s3.fault = lambda method, path: BUSY if is_clip(path) else None
    with offline() as youtube:
        command = clipset_command(*words(youtube, annotations, tmp_path / "out", "--clips-to", url))
        with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as run:
            while not s3.counts()["GET 503"]:
                assert run.poll() is None
                time.sleep(0.05)
            run.send_signal(signal.SIGINT)
            while "press Ctrl-C again" not in (line := run.stderr.readline()):
                assert line
            run.send_signal(signal.SIGINT)
            said = run.stderr.read()
            assert run.wait(60) == 3
    assert "Traceback" not in said
    assert "Unclosed" not in said
