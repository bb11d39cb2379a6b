"""Which nodes take part: those that have what the driver has and see its dataset."""

import os
import subprocess
from pathlib import Path

import pytest
from cluster import LocalCluster
from fsspec import filesystem
from program import clipset, status, tree, write_list
from runs import offline, on, rows, words

pytestmark = pytest.mark.slow


def shim(folder: Path, **files: str) -> str:
    """A PYTHONPATH that puts these files before what is installed."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


OLD = {"yt_dlp-2020.1.1.dist-info__METADATA": "Metadata-Version: 2.1\nName: yt-dlp\nVersion: 2020.1.1\n"}


def test_nodes_that_lack_something_are_named_and_the_others_work(cluster: LocalCluster, tmp_path):
    out = tmp_path / "out"
    cluster.add("d", PYTHONPATH=shim(tmp_path / "old", **OLD))
    cluster.add("e", PYTHONPATH=shim(tmp_path / "none", **{"av.py": "raise ImportError('no av here')\n"}))
    says = ["node d is left out: yt-dlp 2020.1.1 there, ", "node e is left out: its media libraries do not work"]
    if can_hide_folders():
        out.mkdir()
        hidden = f'mount -t tmpfs none {out} && exec "$@"'
        cluster.add("f", before=("/usr/bin/unshare", "--mount", "sh", "-c", hidden, "sh"))
        says.append("node f is left out: it does not see the dataset's directory")
    with offline() as youtube:
        ran = clipset(*words(write_list(tmp_path / "list.csv", rows(60)), out, youtube, *on(cluster)))
    for name in "def":
        if name in cluster.nodes:
            cluster.kill(name)
    assert ran.returncode == 0, ran.stderr
    for line in says:
        assert line in ran.stderr
    assert len(tree(out)) == 60
    assert {way["node"] for way in status(out)["egress"]} <= {"a", "b", "c"}


def test_when_no_node_can_take_part_nothing_is_written(cluster: LocalCluster, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", shim(tmp_path / "old", **OLD))
    with offline() as youtube:
        ran = clipset(*words(write_list(tmp_path / "list.csv", rows(10)), tmp_path / "out", youtube, *on(cluster)))
        assert youtube.counts()["player"] == 0
    assert ran.returncode == 5, ran.stderr
    assert ran.stderr.count("is left out") == 3
    assert "no node of the Ray cluster can take part" in ran.stderr
    assert not (tmp_path / "out").exists()


def test_another_version_of_ray_is_said_plainly(cluster: LocalCluster, tmp_path, monkeypatch):
    """The driver believes that it is older than the cluster."""
    monkeypatch.setenv(
        "PYTHONPATH", shim(tmp_path / "shim", **{"sitecustomize.py": "import ray; ray.__version__ = '2.1.0'\n"})
    )
    with offline() as youtube:
        ran = clipset(*words(write_list(tmp_path / "list.csv", rows(10)), tmp_path / "out", youtube, *on(cluster)))
    assert ran.returncode == 5, ran.stderr
    assert "2.1.0" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def can_hide_folders() -> bool:
    """Whether a process may have mounts of its own, for which one has to be root."""
    tried = subprocess.run(["/usr/bin/unshare", "--mount", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def test_clips_go_from_the_nodes_to_a_store(bucket, tmp_path):
    annotations, url = write_list(tmp_path / "list.csv", rows(20)), f"s3://{bucket}/some/where"
    with offline() as youtube:
        assert clipset(*words(annotations, tmp_path / "local", youtube)).returncode == 0
        far = words(annotations, tmp_path / "far", youtube, "--engine", "ray", "--clips-to", url)
        ran = clipset(*far)  # Ray on this machine has what it takes to get at the store from this environment
        assert ran.returncode == 0, ran.stderr
    store = filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    names = [name for name in store.find(f"{bucket}/some/where") if name.endswith(".mp4")]
    assert {name.removeprefix(f"{bucket}/some/where/"): store.cat_file(name) for name in names} == tree(
        tmp_path / "local"
    )
    assert tree(tmp_path / "far") == {}
