"""What a run on a cluster decides, without a cluster: tickets, posts, memories of an egress, what a node lacks."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benches import clip, wanted
from hypothesis import given
from hypothesis import strategies as st

from clipset.engines.ray.holding import Held, Holding, host_folder, parsed, stricter
from clipset.engines.ray.messages import Done
from clipset.engines.ray.posts import Node, idle, is_movable, vacant, ways_of
from clipset.engines.ray.survey import Answers, Questions, shortcoming, survey
from clipset.engines.ray.tickets import MOST_LOSSES, TicketBook
from clipset.reasons import Disposition, Reason
from clipset.sources.youtube.config import Egress
from clipset.throttle.state import EgressState
from clipset.types import Attempt, ClipsetError, Failure, VideoJob

JOBS = [VideoJob(f"video{number:06d}", wanted(clip(f"video{number:06d}"))) for number in range(4)]
A, B, C = (Node(f"id-{name}", name) for name in "abc")
DIRECT = Egress.of()
PROXIES = tuple(Egress.of(proxy=f"http://proxy{number}:80") for number in range(4))
COOKIES = Egress.of(cookies=Path("cookies.txt"))


# tickets


def test_a_ticket_is_settled_once_and_only_while_it_is_current():
    book = TicketBook()
    first = book.issue(JOBS[0], "a")
    assert book.settle(Done(first.number, ()), "a").job is JOBS[0]
    assert book.settle(Done(first.number, ()), "a") is None
    second = book.issue(JOBS[1], "a")
    assert [outcome.job for outcome in book.lose("a")] == [JOBS[1]]
    again = book.issue(JOBS[1], "b")
    assert book.settle(Done(second.number, ()), "a") is None  # from the station that was given up
    assert book.settle(Done(again.number, ()), "b").node == "b"


def test_the_jobs_of_a_lost_station_come_back_without_an_attempt():
    book = TicketBook()
    for job, station in zip(JOBS, "aabb", strict=True):
        book.issue(job, station)
    lost = book.lose("a")
    assert [(outcome.job, outcome.attempts) for outcome in lost] == [(JOBS[0], ()), (JOBS[1], ())]
    assert all(outcome.unreached for outcome in lost)
    assert (book.load("a"), book.load("b")) == (0, 2)


def test_a_video_that_stations_die_with_fails_in_the_end():
    book = TicketBook()
    for station in range(MOST_LOSSES - 1):
        book.issue(JOBS[0], station)
        assert book.lose(station)[0].attempts == ()
    book.issue(JOBS[0], "last")
    (outcome,) = book.lose("last")
    assert [attempt.result.disposition for attempt in outcome.attempts] == [Disposition.RETRY]
    book.issue(JOBS[0], "after")
    assert book.lose("after")[0].attempts == ()  # counted afresh


def test_a_video_that_was_settled_is_not_suspected_of_older_losses():
    book = TicketBook()
    for station in range(MOST_LOSSES * 2):
        book.issue(JOBS[0], station)
        assert book.lose(station)[0].attempts == ()
        kept = book.issue(JOBS[0], "kept")
        result = Failure(Reason.NETWORK, "", "fetch")
        assert book.settle(Done(kept.number, (Attempt(clip(), result, "youtube"),)), "kept") is not None


# posts


def places(*ways: Egress, nodes=(A, B, C), taken=(), before=None) -> dict[str, str]:
    return {post.way.name: post.node.name for post in vacant(ways, nodes, taken, before or {})}


def test_each_node_has_its_own_way_out():
    assert places(DIRECT) == {"direct@a": "a", "direct@b": "b", "direct@c": "c"}


def test_nodes_that_share_a_way_out_use_it_one_at_a_time():
    nodes = (replace(A, way="lab"), replace(B, way="lab"), C)
    assert places(DIRECT, nodes=nodes) == {"lab": "a", "direct@c": "c"}
    assert idle([("lab", nodes[0]), ("direct@c", C)], nodes) == [nodes[1]]
    assert places(DIRECT, nodes=nodes[1:]) == {"lab": "b", "direct@c": "c"}


def test_proxies_are_spread_and_each_is_used_once():
    assert places(*PROXIES) == {"proxy0:80": "a", "proxy1:80": "b", "proxy2:80": "c", "proxy3:80": "a"}
    posts = vacant(PROXIES, (A, B, C), [], {})
    assert {post.share for post in posts} == {2}


def test_an_account_is_one_egress_on_however_many_nodes():
    assert places(COOKIES) == {"direct+cookies": "a"}
    assert is_movable(COOKIES)
    assert is_movable(PROXIES[0])
    assert not is_movable(DIRECT)


def test_a_local_address_belongs_to_a_node_that_has_it():
    way = Egress.of(source_address="10.0.0.7")
    assert places(way) == {}
    assert places(way, nodes=(A, replace(B, addresses=frozenset({"10.0.0.7"})))) == {"10.0.0.7": "b"}


def test_a_way_goes_back_to_its_node_and_to_another_when_that_is_gone():
    before = {"proxy0:80": C.id}
    assert places(PROXIES[0], before=before) == {"proxy0:80": "c"}
    assert places(PROXIES[0], nodes=(A, B), before=before) == {"proxy0:80": "a"}


def test_a_way_that_a_node_has_refused_goes_to_another():
    posts = vacant(PROXIES[:1], (A, B), [], {}, {("proxy0:80", A.id)})
    assert [post.node for post in posts] == [B]
    assert vacant(PROXIES[:1], (A,), [], {}, {("proxy0:80", A.id)}) == []


@given(
    st.sets(st.sampled_from([DIRECT, COOKIES, *PROXIES]), min_size=1),
    st.lists(st.sampled_from(["", "lab", "hall"]), min_size=1, max_size=5),
)
def test_a_way_out_is_never_used_twice_and_never_left_unused(ways, names):
    nodes = tuple(Node(str(number), f"n{number}", name) for number, name in enumerate(names))
    posts = vacant(tuple(ways), nodes, [], {})
    assert sorted(post.way.name for post in posts) == sorted(ways_of(tuple(ways), nodes))
    assert vacant(tuple(ways), nodes, [(post.way.name, post.node) for post in posts], {}) == []


# memories of an egress

NOW = 1_000_000


@pytest.mark.parametrize(
    ("one", "other", "wins"),
    [
        (EgressState(seen_us=5), EgressState(seen_us=9), "other"),
        (EgressState(seen_us=9, not_before_us=NOW + 5), EgressState(seen_us=5, not_before_us=NOW + 9), "other"),
        (EgressState(seen_us=5, not_before_us=NOW + 5), EgressState(seen_us=9), "one"),
        (EgressState(seen_us=5, not_before_us=NOW - 5), EgressState(seen_us=9), "other"),  # over by now
    ],
)
def test_the_stricter_memory_of_an_egress_wins(one, other, wins):
    assert stricter(one, other, NOW) is {"one": one, "other": other}[wins]
    assert stricter(other, one, NOW) is {"one": one, "other": other}[wins]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"seen_us": -1}', "[" * 100_000])
def test_a_memory_that_makes_no_sense_is_a_new_one(text):
    assert parsed(text) == EgressState()


def test_an_egress_is_held_by_one_process_and_remembered(tmp_path):
    state = EgressState(seen_us=3, not_before_us=NOW)
    held = Holding("direct@a", "youtube", tmp_path)
    held.keep(state.to_json())
    with pytest.raises(Held, match=str(os.getpid())):
        Holding("direct@a", "youtube", tmp_path)
    assert Holding("direct@a", "http://127.0.0.1:1", tmp_path).state == EgressState()  # another outside
    held.release()
    assert Holding("direct@a", "youtube", tmp_path).state == state


def test_what_a_process_held_is_free_when_it_was_killed(tmp_path):
    code = f"""
from pathlib import Path; from clipset.engines.ray.holding import Holding
held = Holding("direct@a", "youtube", Path({str(tmp_path)!r})); print("held", flush=True); input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(Held, match=str(holder.pid)):
            Holding("direct@a", "youtube", tmp_path)
        holder.kill()
        holder.wait()
    Holding("direct@a", "youtube", tmp_path).release()


def test_the_folder_of_a_host_is_the_users_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = host_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    with pytest.raises(ClipsetError, match="remove it and run again"):
        host_folder()


# what a node lacks

HERE = Answers({"clipset": "1", "yt-dlp": "2"}, "", True, (), frozenset())


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (HERE, ""),
        (replace(HERE, versions={"clipset": "1", "yt-dlp": "1"}), "yt-dlp 1 there, 2 here; install the same versions"),
        (replace(HERE, media_error="the media child ended"), "media libraries do not work"),
        (replace(HERE, sees_dataset=False), "use a folder that all nodes share"),
        (replace(HERE, missing_files=(Path("/c.txt"),)), "it has no file /c.txt; put it there"),
    ],
)
def test_what_a_node_lacks_is_said_with_what_to_do(there, says):
    assert (says in shortcoming(there, HERE)) if says else shortcoming(there, HERE) == ""


def test_a_node_looks_at_itself(tmp_path):
    (tmp_path / "token").write_text("abc")
    asked = Questions(tmp_path / "token", "abc", (tmp_path / "token", tmp_path / "none"), ("127.0.0.5", "203.0.113.7"))
    found = survey(asked)
    assert (found.media_error, found.sees_dataset, found.addresses) == ("", True, {"127.0.0.5"})
    assert found.missing_files == (tmp_path / "none",)
    assert found.versions["clipset"]
    assert not survey(replace(asked, token="xyz")).sees_dataset  # noqa: S106 - no secret
    assert survey(replace(asked, token=None)).sees_dataset
