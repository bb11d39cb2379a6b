"""The main job against the offline YouTube: what a user sees, gets and can rely on."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from program import clipset, clipset_command, environment, status, table, tree, write_list

from clipset.rehearsal import MediaFault, MediaFaultKind, PlayerFault, Rehearsal, Scenario, Throttle, Video

SMALL = {"shrink": 2, "itags": (18,)}
FOUR = [
    ("riding a bike", "-abcdefghij", 1, 4, "train"),
    ("massaging person's head", "--bcdefghij", 2, 5, "val"),
    ("passing American football (in game)", "_abcdefghi_", 3, 6, "train"),
    ("riding a bike", "abcdefghijk", 0, 3, "val"),
]


def offline(**scenario) -> Rehearsal:
    scenario.setdefault("default", Video(duration_s=10, **SMALL))
    return Rehearsal(Scenario(**scenario))


def fetch(youtube: Rehearsal, annotations: Path, out: Path, *words: object):
    return clipset(
        "fetch", annotations, "--out", out, "--youtube-origin", youtube.origin, "--rate", "unlimited", *words
    )


def test_a_list_becomes_a_tree_with_two_tables(tmp_path):
    with offline() as youtube:
        ran = fetch(youtube, write_list(tmp_path / "list.csv", FOUR), tmp_path / "out")
        counts = youtube.counts()
    assert ran.returncode == 0, ran.stderr
    assert sorted(tree(tmp_path / "out")) == [
        "train/passing_American_football_(in_game)/_abcdefghi__000003_000006.mp4",
        "train/riding_a_bike/-abcdefghij_000001_000004.mp4",
        "val/massaging_person's_head/--bcdefghij_000002_000005.mp4",
        "val/riding_a_bike/abcdefghijk_000000_000003.mp4",
    ]
    stats = table(tmp_path / "out" / "stats.csv")
    assert {row["clip_id"] for row in stats} == {Path(path).stem for path in tree(tmp_path / "out")}
    assert all(float(row["duration"]) == 3 and row["source"] == "youtube" for row in stats)
    assert all(int(row["requests"]) <= 5 and float(row["download_duration"]) > 0 for row in stats)
    assert table(tmp_path / "out" / "failed.csv") == []
    assert (counts["player"], counts["page"]) == (4, 0)  # one lean request a video
    assert sum(int(row["requests"]) for row in stats) == sum(counts.values())
    known = status(tmp_path / "out")["bytes"]
    assert known["least_clips"] == len(FOUR)
    assert 0.5 * known["fetched"] < known["least"] < known["fetched_for_least"] == known["fetched"]
    assert max(int(row["size_bytes"]) for row in stats) <= known["peak_temporary"] <= known["stored"]


def test_running_again_makes_no_request_and_changes_nothing(tmp_path):
    annotations = write_list(tmp_path / "list.csv", FOUR)
    with offline() as youtube:
        fetch(youtube, annotations, tmp_path / "out")
        before = tree(tmp_path / "out")
        youtube.reset()
        ran = fetch(youtube, annotations, tmp_path / "out")
        assert sum(youtube.counts().values()) == 0
    assert ran.returncode == 0
    assert tree(tmp_path / "out") == before


def test_a_wider_selection_extends_the_dataset(tmp_path):
    annotations = write_list(tmp_path / "list.csv", FOUR)
    with offline() as youtube:
        assert fetch(youtube, annotations, tmp_path / "out", "--limit", 1).returncode == 0
        assert len(tree(tmp_path / "out")) == 1
        assert fetch(youtube, annotations, tmp_path / "out", "--split", "validation").returncode == 0
        assert len(tree(tmp_path / "out")) == 3
        assert youtube.counts()["player"] == 3


def test_a_clip_of_two_labels_and_two_lists_is_fetched_once_and_linked(tmp_path):
    first = write_list(tmp_path / "a.csv", [("x", "abcdefghijk", 1, 3, "train"), ("y", "abcdefghijk", 1, 3, "train")])
    second = write_list(tmp_path / "b.csv", [("z", "abcdefghijk", 1, 3, "val"), ("z", "abcdefghijk", 4, 6, "val")])
    out = tmp_path / "out"
    with offline() as youtube:
        assert clipset(
            "fetch", first, second, "--out", out, "--youtube-origin", youtube.origin, "--rate", "unlimited"
        ).returncode == 0  # fmt: skip
        assert youtube.counts()["player"] == 1
    names = ["train/x/abcdefghijk_000001_000003.mp4", "train/y/abcdefghijk_000001_000003.mp4"]
    assert sorted(tree(out)) == [*names, "val/z/abcdefghijk_000001_000003.mp4", "val/z/abcdefghijk_000004_000006.mp4"]
    assert len({(out / name).stat().st_ino for name in [*names, "val/z/abcdefghijk_000001_000003.mp4"]}) == 1
    assert status(out)["clips"] == {"wanted": 0, "done": 2, "lost": 0}


def test_a_list_that_comes_later_gets_links_to_what_is_there(tmp_path):
    out = tmp_path / "out"
    with offline() as youtube:
        fetch(youtube, write_list(tmp_path / "a.csv", FOUR[:1]), out)
        youtube.reset()
        ran = fetch(youtube, write_list(tmp_path / "b.csv", [("cycling", "-abcdefghij", 1, 4, "val")]), out)
        assert sum(youtube.counts().values()) == 0
    assert ran.returncode == 0
    assert "val/cycling/-abcdefghij_000001_000004.mp4" in tree(out)


def test_a_further_name_of_a_clip_whose_file_is_gone_is_said_plainly(tmp_path):
    out = tmp_path / "out"
    with offline() as youtube:
        fetch(youtube, write_list(tmp_path / "a.csv", FOUR[:1]), out)
        (clip,) = tree(out)
        (out / clip).unlink()
        ran = fetch(youtube, write_list(tmp_path / "b.csv", [("cycling", "-abcdefghij", 1, 4, "val")]), out)
    assert ran.returncode == 0, ran.stderr
    assert "1 further names were not given: the files of these clips are gone; clipset rebuild" in ran.stderr


def test_what_is_missing_has_a_true_reason(tmp_path):
    gone = {
        "removedaaaa": "removed",
        "privateaaaa": "private",
        "copyrightaa": "copyright",
        "unavailable": "unavailable",
    }
    videos = {video_id: Video(outcome=outcome) for video_id, outcome in gone.items()}
    rows = [("x", video_id, 0, 3, "val") for video_id in gone] + [("x", "shortaaaaaa", 8, 18, "val"), *FOUR[:1]]
    rows += [("x", "#NAME?", 0, 3, "val"), ("x", "abcdefghijk", 9, 3, "val")]
    with offline(videos=videos) as youtube:
        ran = fetch(youtube, write_list(tmp_path / "list.csv", rows), tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    failed = table(tmp_path / "out" / "failed.csv")
    reasons = {row["video_id"] or row["message"].partition(":")[0]: row["reason"] for row in failed}
    assert reasons == {
        "removedaaaa": "removed_by_uploader",
        "privateaaaa": "private",
        "copyrightaa": "copyright",
        "unavailable": "unavailable",
        "shortaaaaaa": "too_short",
        "line 8": "bad_annotation",
        "line 9": "bad_annotation",
    }
    assert {row["disposition"] for row in failed} == {"lost"}
    assert status(tmp_path / "out")["reasons"]["bad_annotation"] == 2


def test_a_video_that_only_the_second_look_finds_is_not_lost(tmp_path):
    with offline(videos={"madeforkids": Video(duration_s=10, outcome="made_for_kids", **SMALL)}) as youtube:
        ran = fetch(youtube, write_list(tmp_path / "list.csv", [("x", "madeforkids", 0, 3, "val")]), tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    assert len(tree(tmp_path / "out")) == 1


DAMAGE = {
    "html": MediaFault(kind=MediaFaultKind.HTML),
    "zero bytes": MediaFault(kind=MediaFaultKind.EMPTY),
    "cut off": MediaFault(kind=MediaFaultKind.TRUNCATED),
    "bit-flipped": MediaFault(kind=MediaFaultKind.FLIPPED, offset_bytes=20_000),
    "sound only": MediaFault(kind=MediaFaultKind.SOUND_ONLY),
    "endless": MediaFault(kind=MediaFaultKind.ENDLESS),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_media_cost_that_clip_only(kind, tmp_path):
    videos = {"damagedaaaa": Video(duration_s=10, media_faults=(DAMAGE[kind],), **SMALL)}
    rows = [("x", "damagedaaaa", 4, 7, "val"), *FOUR[:2]]
    with offline(videos=videos) as youtube:
        ran = fetch(youtube, write_list(tmp_path / "list.csv", rows), tmp_path / "out")
    assert ran.returncode in {0, 3}, ran.stderr
    assert "Traceback" not in ran.stderr
    done = {Path(path).stem.rpartition("_0")[0].rpartition("_0")[0] for path in tree(tmp_path / "out")}
    assert {"-abcdefghij", "--bcdefghij"} <= done
    if kind != "endless":  # whose beginning is a good video
        (row,) = table(tmp_path / "out" / "failed.csv")
        assert row["video_id"] == "damagedaaaa"
        assert row["reason"] in {"damaged_media", "no_video", "server_error"}


CURABLE = {
    "a stale address": Video(duration_s=10, media_faults=(MediaFault(kind=MediaFaultKind.STALE, times=1),), **SMALL),
    "a cut connection": Video(
        duration_s=10, media_faults=(MediaFault(kind=MediaFaultKind.CUT, offset_bytes=3_000, times=2),), **SMALL
    ),
    "no ranges": Video(duration_s=10, media_faults=(MediaFault(kind=MediaFaultKind.NO_RANGES),), **SMALL),
    "an advertisement first": Video(duration_s=10, preroll_s=2, **SMALL),
    "a server error": Video(duration_s=10, player_faults=(PlayerFault(status=503, times=1),), **SMALL),
}


@pytest.mark.parametrize("kind", CURABLE)
def test_what_can_be_cured_is_cured_unseen(kind, tmp_path):
    with offline(videos={"curableaaaa": CURABLE[kind]}) as youtube:
        ran = fetch(youtube, write_list(tmp_path / "list.csv", [("x", "curableaaaa", 4, 7, "val")]), tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    assert len(tree(tmp_path / "out")) == 1


@pytest.mark.parametrize("answer", ["429", "rate_limit", "bot_check", "captcha"])
def test_a_refusal_costs_no_clip_and_a_restart_asks_nothing(answer, tmp_path):
    throttle = Throttle(limit=2, window_s=60, block_s=3600, answer=answer)
    annotations, out = write_list(tmp_path / "list.csv", FOUR), tmp_path / "out"
    with offline(throttle=throttle) as youtube:
        ran = fetch(youtube, annotations, out, "--on-throttle", "stop", "--jobs", 1)
        assert ran.returncode == 3, ran.stderr
        found = status(out)
        assert found["clips"] == {"wanted": 2, "done": 2, "lost": 0}
        assert found["egress"][0]["state"] == "cooling"
        assert all(int(row["attempts"]) == 0 for row in table(out / "failed.csv"))
        youtube.reset()
        again = fetch(youtube, annotations, out, "--on-throttle", "stop")
        assert again.returncode == 3
        assert youtube.counts()["player"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_drains_keeps_everything_and_the_next_run_goes_on(number, tmp_path):
    annotations, out = (
        write_list(tmp_path / "list.csv", [("x", f"video{n:06d}", 1, 4, "val") for n in range(30)]),
        tmp_path / "out",
    )
    group = {"start_new_session": True}
    with offline(default=Video(duration_s=10, media_key=7, **SMALL)) as youtube:
        words = ("fetch", annotations, "--out", out, "--youtube-origin", youtube.origin, "--rate", "unlimited")
        with subprocess.Popen(
            clipset_command(*words), env=environment(), stderr=subprocess.PIPE, text=True, **group
        ) as run:
            while len(list(out.rglob("*.mp4"))) < 2:
                time.sleep(0.02)
            os.killpg(run.pid, number)  # as a terminal does: to the media children too
            _, said = run.communicate(timeout=60)
        assert run.returncode == 3
        assert "Ctrl-C again" in said
        assert "Traceback" not in said
        assert table(out / "failed.csv") == []
        found = status(out)
        assert 2 <= found["clips"]["done"] < 30
        assert found["clips"]["done"] == len(tree(out)) == len(table(out / "stats.csv"))
        assert found["sessions"][0]["stopped_by"] == "interrupt"
        assert clipset(*words).returncode == 0
    assert len(tree(out)) == 30


def test_a_second_ctrl_c_ends_a_wait_at_once(tmp_path):
    with offline(default=Video(duration_s=10, player_faults=(PlayerFault(kind="stall"),), **SMALL)) as youtube:
        words = ("fetch", write_list(tmp_path / "list.csv", FOUR), "--out", tmp_path / "out")
        words = (*words, "--youtube-origin", youtube.origin, "--rate", "unlimited")
        with subprocess.Popen(clipset_command(*words), env=environment(), stderr=subprocess.PIPE, text=True) as run:
            while youtube.stats()["counts"] == {} and not (tmp_path / "out" / ".clipset" / "ledger.db").exists():
                time.sleep(0.02)
            time.sleep(1.5)
            os.kill(run.pid, signal.SIGINT)
            time.sleep(0.5)
            os.kill(run.pid, signal.SIGINT)
            began_s = time.monotonic()
            run.communicate(timeout=30)
        assert run.returncode == 3
        assert time.monotonic() - began_s < 15  # the stalled request would take 20 s


def test_two_processes_on_one_dataset_the_second_says_who_holds_it(tmp_path):
    with offline(default=Video(duration_s=10, player_faults=(PlayerFault(kind="stall"),), **SMALL)) as youtube:
        words = ("fetch", write_list(tmp_path / "list.csv", FOUR), "--out", tmp_path / "out")
        words = (*words, "--youtube-origin", youtube.origin)
        with subprocess.Popen(clipset_command(*words), env=environment(), stderr=subprocess.PIPE, text=True) as run:
            while not (tmp_path / "out" / ".clipset" / "ledger.db").exists():
                time.sleep(0.02)
            second = clipset(*words)
            run.kill()
        assert second.returncode == 2
        assert f"process {run.pid}" in second.stderr


def test_events_are_one_json_object_a_line(tmp_path):
    with offline() as youtube:
        ran = fetch(youtube, write_list(tmp_path / "list.csv", FOUR), tmp_path / "out", "--json")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    clips = [event for event in events if event["event"] == "clip"]
    assert {event["state"] for event in clips} == {"done"}
    assert len(clips) == 4
    assert events[-1]["event"] == "summary"
    assert (events[-1]["done"], events[-1]["wanted"]) == (4, 0)


def test_another_recipe_in_the_same_dataset_is_refused(tmp_path):
    annotations, out = write_list(tmp_path / "list.csv", FOUR[:1]), tmp_path / "out"
    with offline() as youtube:
        assert fetch(youtube, annotations, out).returncode == 0
        ran = fetch(youtube, annotations, out, "--short-side", "64")
    assert ran.returncode == 2
    assert "another --out" in ran.stderr


HOSTILE = ["../../escape", "/etc/passwd", "..", "a\x00b", " trailing ", "CON", "x" * 300, "Case", "case", "\x1b[31mred"]


def test_hostile_labels_stay_inside_the_dataset_and_apart(tmp_path):
    rows = [(label, f"video{n:06d}", 1, 2, "val") for n, label in enumerate(HOSTILE)]
    out = tmp_path / "deep" / "out"
    with offline(default=Video(duration_s=4, media_key=7, **SMALL)) as youtube:
        ran = fetch(youtube, write_list(tmp_path / "list.csv", rows), out)
    assert ran.returncode == 0, ran.stderr
    folders = {path.parent for path in out.rglob("*.mp4")}
    assert len({folder.name.casefold() for folder in folders}) == len(HOSTILE)
    assert all(folder.parent == out / "val" for folder in folders)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "list.csv"]


def test_secrets_are_in_no_file_and_on_no_screen(tmp_path):
    cookies = tmp_path / "cookies.txt"
    cookies.write_text(
        "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t2000000000\tLOGIN_INFO\tsecret-cookie-value\n"
    )
    videos = {"-abcdefghij": Video(duration_s=10, media_faults=(MediaFault(kind=MediaFaultKind.STATUS),), **SMALL)}
    with offline(videos=videos) as youtube:
        words = ("--cookies", cookies, "--on-throttle", "stop")
        ran = fetch(youtube, write_list(tmp_path / "list.csv", FOUR), tmp_path / "out", *words)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    for secret in ("secret-cookie-value", "sig=", "expire="):
        assert secret not in ran.stdout + ran.stderr
        assert secret.encode() not in kept


def test_each_source_address_is_an_egress_with_its_own_limit(tmp_path):
    rows = [("x", f"video{number:06d}", 1, 3, "val") for number in range(6)]
    throttle = Throttle(limit=2, window_s=60, block_s=3600, answer="429")
    words = ("--source-address", "127.0.0.1", "--source-address", "127.0.0.2", "--on-throttle", "stop", "--jobs", 1)
    with offline(throttle=throttle) as youtube:
        ran = fetch(youtube, write_list(tmp_path / "list.csv", rows), tmp_path / "out", *words)
    assert ran.returncode == 3
    found = status(tmp_path / "out")
    assert found["clips"] == {"wanted": 2, "done": 4, "lost": 0}
    assert [(way["name"], way["state"]) for way in found["egress"]] == [
        ("127.0.0.1", "cooling"),
        ("127.0.0.2", "cooling"),
    ]
