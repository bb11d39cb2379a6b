"""The mirror as a source: the whole program against the rehearsal's, with every quirk of the real one."""

import json
import signal
import subprocess
import time
from dataclasses import replace

import pytest
from program import clipset, clipset_command, environment, status, table, tree, write_list

from clipset.rehearsal import (
    Kind,
    MediaFault,
    MediaFaultKind,
    MirrorFile,
    Rehearsal,
    Scenario,
    Tarball,
    TarMember,
    Video,
)
from clipset.rehearsal.kinetics import CORRUPTED, kinetics_mirror, kinetics_rows

VIDEO = Video(duration_s=5, itags=(18,), shrink=4, media_key=1)
ROOT = "https://s3.amazonaws.com/kinetics"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """What is known of a mirror's tars is kept between runs, not between tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def fetch(mirror: Rehearsal, lists, out, *words, source="cvdf"):
    sources = [word for name in source.split() for word in ("--source", name)]
    origins = ("--mirror-origin", mirror.origin, "--youtube-origin", mirror.origin, "--rate", "unlimited")
    return clipset("fetch", *lists, "--out", out, *sources, *origins, *words)


def rows_file(folder, version, *splits):
    name = {"400": "kinetics400", "600": "kinetics600", "700_2020": "kinetics700-2020"}[version]
    path = folder / f"{name}_{'_'.join(splits) or 'all'}.csv"
    path.write_text(kinetics_rows(version, *splits), encoding="utf-8")
    return path


def tars_asked_for(mirror: Rehearsal) -> list[str]:
    return sorted(entry.path for entry in mirror.log if entry.path.endswith(("gz", "tar")))


def part(*numbers: int, faults=(), **fields) -> MirrorFile:
    members = tuple(TarMember(name=f"video{number:06d}_000001_000004.mp4", **fields) for number in numbers)
    return MirrorFile(tar=Tarball(members=members), faults=faults)


def val_of_400(**tars: MirrorFile) -> dict[str, MirrorFile]:
    text = "".join(f"{ROOT}/400/val/{name}.tar.gz\n" for name in tars)
    files = {f"400/val/{name}.tar.gz": file for name, file in tars.items()}
    return {"400/val/k400_val_path.txt": MirrorFile(text=text), **files}


def wanted(path, *numbers: int):
    return write_list(path, [("riding a bike", f"video{number:06d}", 1, 4, "val") for number in numbers])


def test_every_quirk_of_the_mirror(tmp_path):
    lists = [rows_file(tmp_path, version) for version in ("400", "600", "700_2020")]
    with Rehearsal(Scenario(mirror=kinetics_mirror())) as mirror:
        ran = fetch(mirror, lists, tmp_path / "out")
        asked = tars_asked_for(mirror)
    assert ran.returncode == 0, ran.stderr
    stats = {row["video_id"]: row for row in table(tmp_path / "out" / "stats.csv")}
    assert len(stats) == sum(kinetics_rows(version).count("\n") - 1 for version in ("400", "600", "700_2020"))
    assert {row["source"] for row in stats.values()} == {"cvdf"}
    assert stats["k700test_01"]["duration"] == "2"
    assert stats[CORRUPTED]["duration"] == "3"
    # of the tars that hold a class each, only those of wanted classes
    assert "600/val/massaging person's head.tar.gz" not in asked
    assert not {"700_2020/val/k700_val_001.tar.gz", "700_2020/train/k700_train_002.tar.gz"} & set(asked)
    assert "7 members not taken" not in ran.stderr
    assert "6 members not taken: /k400val_003_000001_000004.mp4 (an absolute path), ../k400val_003" in ran.stderr
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert not {"readme.txt", "passwd"} & names


def test_what_comes_from_the_mirror_is_kept_as_it_is_and_runs_are_alike(tmp_path):
    lists = [rows_file(tmp_path, "400", "val")]
    with Rehearsal(Scenario(mirror=kinetics_mirror())) as mirror:
        assert fetch(mirror, lists, tmp_path / "a").returncode == 0
        assert fetch(mirror, lists, tmp_path / "b", "--jobs", 1).returncode == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert len({*tree(tmp_path / "a").values()}) == 1  # all are the same file in the tars


def test_a_connection_that_breaks_within_a_tar_goes_on_where_it_broke(tmp_path):
    cut = MediaFault(kind=MediaFaultKind.CUT, offset_bytes=100_000, times=1)
    tars = val_of_400(part_0=part(*range(5), faults=(cut,)))
    with Rehearsal(Scenario(mirror=tars)) as mirror:
        ran = fetch(mirror, [wanted(tmp_path / "k400.csv", *range(5))], tmp_path / "out")
        first, second = [entry for entry in mirror.log if entry.path.endswith("gz")]
    assert ran.returncode == 0, ran.stderr
    assert len(tree(tmp_path / "out")) == 5
    assert (first.status, second.status) == (200, 206)
    assert first.bytes_sent == 100_000
    assert second.range[0] > 0
    assert second.range[0] <= 100_000


def test_a_tar_is_read_no_further_than_to_the_last_clip_that_is_wanted(tmp_path):
    slow = MediaFault(kind=MediaFaultKind.SLOW, rate_bytes_per_s=200_000)  # twelve seconds for the whole tar
    with Rehearsal(Scenario(mirror=val_of_400(part_0=part(*range(60), faults=(slow,))))) as mirror:
        ran = fetch(mirror, [wanted(tmp_path / "k400.csv", 0, 3)], tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    (entry,) = [entry for entry in mirror.log if entry.path.endswith("gz")]
    assert 4 * 40_000 < entry.bytes_sent < 40 * 40_000  # buffers on the way are filled, too


def test_what_tars_hold_is_remembered_exported_and_imported(tmp_path, monkeypatch):
    tars = val_of_400(part_0=part(0, 1), part_1=part(2, 3), part_2=part(4, 5))
    with Rehearsal(Scenario(mirror=tars)) as mirror:
        origin = ("--mirror-origin", mirror.origin)
        fetch(mirror, [wanted(tmp_path / "k400.csv", 5, 9)], tmp_path / "a")
        assert len(tars_asked_for(mirror)) == 3
        assert clipset("index", "export", tmp_path / "index.jsonl", *origin).returncode == 0
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
        assert clipset("index", "import", tmp_path / "index.jsonl", *origin).returncode == 0
        known = json.loads(clipset("index", "--json", *origin).stdout)["tars"]
        assert [tar["clips"] for tar in known] == [2, 2, 2]
        mirror.reset()
        ran = fetch(mirror, [wanted(tmp_path / "k400.csv", 3)], tmp_path / "b")
        assert tars_asked_for(mirror) == ["400/val/part_1.tar.gz"]
    assert ran.returncode == 0, ran.stderr


ORDERS = {
    "{folder} cvdf youtube": ({"0": "folder", "1": "cvdf", "2": "youtube", "3": "cvdf"}, 1),
    "{folder} youtube cvdf": ({"0": "folder", "1": "youtube", "2": "youtube", "3": "cvdf"}, 3),
}


@pytest.mark.parametrize("order", ORDERS)
def test_each_clip_comes_once_and_from_the_first_source_that_has_it(order, tmp_path):
    sources, resolves = ORDERS[order]
    gone = {"video000003": replace(VIDEO, outcome="removed")}
    scenario = Scenario(mirror=val_of_400(part_0=part(0, 1, 3)), videos=gone, default=VIDEO)
    clips, out = wanted(tmp_path / "k400.csv", 0, 1, 2, 3), tmp_path / "out"
    with Rehearsal(scenario) as site:
        some = wanted(tmp_path / "kinetics400_some.csv", 0)
        assert fetch(site, [some], tmp_path / "folder").returncode == 0
        site.reset()
        ran = fetch(site, [clips], out, source=order.format(folder=f"folder:{tmp_path / 'folder'}"))
        asked = {entry.video_id for entry in site.log if entry.kind is Kind.PLAYER}
    assert ran.returncode == 0, ran.stderr
    assert {row["video_id"][-1]: row["source"] for row in table(out / "stats.csv")} == sources
    assert len(asked) == resolves
    assert len(tree(out)) == 4
    assert status(out)["clips"] == {"wanted": 0, "done": 4, "lost": 0}
    assert table(out / "failed.csv") == []


def test_a_mirror_that_is_not_there_does_not_stop_the_others(tmp_path):
    with Rehearsal(Scenario(default=VIDEO)) as youtube:
        ran = fetch(youtube, [wanted(tmp_path / "k400.csv", 1)], tmp_path / "out", source="cvdf youtube")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("mirror:") == 1
    assert "the mirror has no tars of 400/val" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_youtube_that_refuses_does_not_hold_up_the_mirror(tmp_path):
    video = replace(VIDEO, outcome="bot_check")
    with Rehearsal(Scenario(mirror=val_of_400(part_0=part(1, 2)), default=video)) as site:
        out, clips = tmp_path / "out", [wanted(tmp_path / "k400.csv", 1, 2, 3)]
        ran = fetch(site, clips, out, "--on-throttle", "stop", source="youtube cvdf")
    assert ran.returncode == 3, ran.stderr
    assert [row["source"] for row in table(out / "stats.csv")] == ["cvdf", "cvdf"]
    assert status(out)["clips"] == {"wanted": 1, "done": 2, "lost": 0}


BROKEN = {
    "a page instead of a tar": (MirrorFile(text="<html>" * 1000), "it is no tar"),
    "a tar that ends early": (replace(part(0, 1, 2).tar, ends_at=0.9), "it ends early"),
    "nothing": (MirrorFile(text=""), "it ends early"),
    "a forbidden tar": (part(9, faults=(MediaFault(kind=MediaFaultKind.STATUS, status=403),)), "HTTP 403"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_tar_that_is_none_costs_its_own_clips_only(kind, tmp_path):
    broken, says = BROKEN[kind]
    file = MirrorFile(tar=broken) if isinstance(broken, Tarball) else broken
    with Rehearsal(Scenario(mirror=val_of_400(part_0=file, part_1=part(5)))) as mirror:
        ran = fetch(mirror, [wanted(tmp_path / "k400.csv", 0, 5, 9)], tmp_path / "out")
    assert ran.returncode == 3, ran.stderr
    assert f"mirror: 400/val/part_0.tar.gz: {says}" in ran.stderr or says in ran.stderr
    assert "Traceback" not in ran.stderr
    kept = {path.split("/")[-1][:11] for path in tree(tmp_path / "out")}
    assert kept == {"video000005"} | ({"video000000"} if kind == "a tar that ends early" else set())


def test_a_sweep_that_is_killed_between_clips_ends_with_the_same_tree(tmp_path):
    slow = (MediaFault(kind=MediaFaultKind.SLOW, rate_bytes_per_s=200_000),)
    tars = val_of_400(part_0=part(*range(8), faults=slow), part_1=part(*range(8, 16), faults=slow))
    clips, killed = wanted(tmp_path / "k400.csv", *range(16)), tmp_path / "killed"
    with Rehearsal(Scenario(mirror=tars)) as mirror:
        assert fetch(mirror, [clips], tmp_path / "whole").returncode == 0
        command = clipset_command("fetch", clips, "--out", killed, "--source", "cvdf", "--mirror-origin", mirror.origin)
        for more in (1, 5):
            with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as run:
                while len(list(killed.rglob("*.mp4"))) < more and run.poll() is None:
                    time.sleep(0.01)
                run.send_signal(signal.SIGKILL)
        assert 5 <= len(list(killed.rglob("*.mp4"))) < 16
        ran = fetch(mirror, [clips], killed)
    assert ran.returncode == 0, ran.stderr
    assert tree(killed) == tree(tmp_path / "whole")
    assert status(killed)["clips"] == {"wanted": 0, "done": 16, "lost": 0}
    assert not list((killed / ".clipset" / "tmp").iterdir())
