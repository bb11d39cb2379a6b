"""A cluster of three local nodes ends with the tree and the statuses of a run on one machine, whatever befalls it."""

import pytest
from cluster import kill
from program import clipset, status, tree
from runs import clips_in, offline, on, running, said, until, words

pytestmark = pytest.mark.slow


def test_three_nodes_make_what_one_machine_makes(cluster, work, tmp_path):
    with offline() as youtube:
        ran = clipset(*words(work.list, tmp_path, youtube, *on(cluster)))
        asked = youtube.counts()["player"]
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert tree(tmp_path) == work.tree
    assert said(tmp_path) == work.said
    assert asked == 30 + 2
    assert [(way["name"], way["node"]) for way in status(tmp_path)["egress"]] == [
        ("direct@a", "a"),
        ("direct@b", "b"),
        ("direct@c", "c"),
    ]


def kill_station(cluster) -> None:
    kill(cluster.stations("b"))


def kill_node(cluster) -> None:
    cluster.kill("c")


def kill_raylet(cluster) -> None:
    kill(cluster.raylet("b"))


@pytest.mark.parametrize("befall", [kill_station, kill_node, kill_raylet])
def test_what_befalls_a_node_changes_nothing(befall, cluster, work, tmp_path):
    with offline() as youtube, running(*words(work.list, tmp_path, youtube, *on(cluster))) as run:
        until(lambda: clips_in(tmp_path) >= 60)
        befall(cluster)
        _, stderr = run.communicate(timeout=120)
        print(stderr, youtube.counts())
    assert run.returncode == 0, stderr
    assert tree(tmp_path) == work.tree
    assert said(tmp_path) == work.said
