"""A cluster of three local nodes ends with the tree and the statuses of a run on one machine, whatever befalls it."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from cluster import LocalCluster, kill, processes_with
from program import clipset, status, tree
from runs import clips_in, offline, on, running, said, until, words

from clipset.engines.ray.holding import Holding, host_folder
from clipset.rehearsal import Rehearsal, Throttle

pytestmark = pytest.mark.slow

TWO_WAYS = ("--source-address", "127.0.0.2", "--source-address", "127.0.0.3")


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
    assert not (tmp_path / ".clipset" / "node-check").exists()


def kill_station(cluster: LocalCluster) -> None:
    kill(cluster.stations("b"))


def kill_node(cluster: LocalCluster) -> None:
    cluster.kill("c")


@pytest.mark.parametrize("befall", [kill_station, kill_node])
def test_what_befalls_a_node_changes_nothing(befall, cluster, work, tmp_path):
    with offline() as youtube, running(*words(work.list, tmp_path, youtube, *on(cluster))) as run:
        until(lambda: clips_in(tmp_path) >= 60)
        befall(cluster)
        _, stderr = run.communicate(timeout=120)
    assert run.returncode == 0, stderr
    assert "its videos go to others" in stderr
    assert tree(tmp_path) == work.tree
    assert said(tmp_path) == work.said


def test_a_station_that_outlives_its_raylet_does_no_harm_and_ends(cluster, work, tmp_path):
    """Its egress is used by one station at a time: the pace holds through the change."""
    pace = ("--rate", "4800/h", *TWO_WAYS)
    with offline() as youtube, running(*words(work.list, tmp_path, youtube, *on(cluster), *pace)) as run:
        until(lambda: clips_in(tmp_path) >= 60)
        node = node_of(tmp_path, "127.0.0.3")
        orphans = set(cluster.stations(node))
        kill(cluster.raylet(node))
        _, stderr = run.communicate(timeout=200)
        asked_us = [times_us(youtube, way) for way in ("127.0.0.2", "127.0.0.3")]
    assert run.returncode == 0, stderr
    assert len(orphans) == 1
    assert tree(tmp_path) == work.tree
    assert said(tmp_path) == work.said
    for times in asked_us:
        assert ahead_s(times, spacing_s=0.75) < 1.5  # requests are late at times; twice the pace is more
    until(lambda: not orphans & processes_with("ray::Station").keys(), 60)


def test_an_egress_that_another_process_of_its_host_uses_is_waited_for(cluster, work, tmp_path):
    with offline() as youtube:
        held = Holding("direct@b", youtube.origin, host_folder(cluster.folder))
        with running(*words(work.list, tmp_path, youtube, *on(cluster))) as run:
            until(lambda: clips_in(tmp_path) >= 60)
            assert {way["name"] for way in status(tmp_path)["egress"]} == {"direct@a", "direct@c"}
            held.release()
            _, stderr = run.communicate(timeout=120)
    assert run.returncode == 0, stderr
    assert f"egress direct@b is still used by process {os.getpid()} on b" in stderr
    assert tree(tmp_path) == work.tree
    assert said(tmp_path) == work.said


def test_a_driver_that_was_killed_goes_on_where_it_was(cluster, work, tmp_path):
    with offline() as youtube:
        command = words(work.list, tmp_path, youtube, *on(cluster))
        with running(*command) as run:
            until(lambda: clips_in(tmp_path) >= 100)
            run.send_signal(signal.SIGKILL)
        ran = clipset(*command)
        asked = youtube.counts()["player"]
    assert ran.returncode == 0, ran.stderr
    assert tree(tmp_path) == work.tree
    assert said(tmp_path) == work.said
    assert asked <= 32 + 3 * 5  # what was in flight or at hand


def test_ctrl_c_ends_after_what_is_in_flight(cluster, work, tmp_path):
    with offline() as youtube:
        command = words(work.list, tmp_path, youtube, *on(cluster))
        with running(*command) as run:
            until(lambda: clips_in(tmp_path) >= 60)
            run.send_signal(signal.SIGINT)
            _, stderr = run.communicate(timeout=60)
        assert run.returncode == 3, stderr
        found = status(tmp_path)
        assert found["clips"]["done"] == clips_in(tmp_path) < 300
        assert found["sessions"][0]["stopped_by"] == "interrupt"


def test_a_refusal_closes_one_egress_and_is_remembered_by_its_host(cluster, work, tmp_path):
    throttle = Throttle(limit=40, window_s=3600, block_s=3600, answer="429")
    out = tmp_path / "out"
    with offline(throttle=throttle) as youtube:
        use_up(youtube, "127.0.0.3", 38)
        command = words(work.list, out, youtube, *on(cluster), *TWO_WAYS)
        with running(*command) as run:
            until(lambda: 429 in statuses(youtube, "127.0.0.3"))
            asked = len(list(statuses(youtube, "127.0.0.3")))
            kill(cluster.stations(node_of(out, "127.0.0.3")))
            _, stderr = run.communicate(timeout=120)
        assert run.returncode == 0, stderr
        assert tree(out) == work.tree
        assert said(out) == work.said
        ways = {way["name"]: way["state"] for way in status(out)["egress"]}
        assert ways == {"127.0.0.2": "open", "127.0.0.3": "cooling"}
        other = ("--source-address", "127.0.0.3", "--on-throttle", "stop")
        ran = clipset(*words(work.list, tmp_path / "other", youtube, *on(cluster), *other))
        assert ran.returncode == 3, ran.stderr
        assert len(list(statuses(youtube, "127.0.0.3"))) <= asked + 2  # in flight beside the refused one


def test_a_node_that_joins_gets_work(cluster, work, tmp_path):
    with offline() as youtube, running(*words(work.list, tmp_path, youtube, *on(cluster), "--rate", "2000/h")) as run:
        cluster.add("d")
        _, stderr = run.communicate(timeout=120)
    cluster.kill("d")
    assert run.returncode == 0, stderr
    assert "node d takes part" in stderr
    assert "direct@d" in {way["name"] for way in status(tmp_path)["egress"]}
    assert tree(tmp_path) == work.tree
    assert said(tmp_path) == work.said


def times_us(youtube: Rehearsal, egress: str) -> list[int]:
    return sorted(entry.at_us for entry in youtube.log if entry.kind == "player" and entry.egress == egress)


def ahead_s(times_us: list[int], spacing_s: float) -> float:
    """How far an egress was ahead of its pace at most, over any stretch of time."""
    ahead = most = 0.0
    for earlier_us, later_us in pairwise(times_us):
        ahead = max(0.0, ahead + spacing_s - (later_us - earlier_us) / 1e6)
        most = max(most, ahead)
    return most


def node_of(out, egress: str) -> str:
    return next(way["node"] for way in status(out)["egress"] if way["name"] == egress)


def statuses(youtube: Rehearsal, egress: str) -> Iterator[int]:
    """What the player requests of an egress were answered."""
    return (entry.status for entry in youtube.log if entry.kind == "player" and entry.egress == egress)


def use_up(youtube: Rehearsal, address: str, requests: int) -> None:
    host, _, port = youtube.origin.removeprefix("http://").partition(":")
    asked = {"context": {"client": {"clientName": "WEB"}}, "videoId": "video000000"}
    for _ in range(requests):
        connection = http.client.HTTPConnection(host, int(port), source_address=(address, 0))
        with suppress(http.client.HTTPException):
            connection.request("POST", "/youtubei/v1/player", body=json.dumps(asked))
            connection.getresponse().read()
        connection.close()
