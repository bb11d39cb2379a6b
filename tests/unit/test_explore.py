"""`clipset explore`: what the pages say, to whom, and what they never do."""

import json
import re
import shutil
import threading
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import quote, urlencode

import pytest
from browsing import served
from reference_run import ReferenceRun
from test_ledger_jobs import NOW_US, Desk, S, outcome, row

from clipset.cli import main
from clipset.explore import application
from clipset.explore.asked import NO_SPLIT
from clipset.explore.keeper import Keeper
from clipset.explore.ranges import Unsatisfiable, part
from clipset.ledger import EgressRow, Ledger
from clipset.reasons import Reason
from clipset.types import Annotation, Attempt, Cost, Failure, Outcome, Stage

HOSTILE = '<script>alert("x")</script>\' onerror=\u202e../../etc/passwd\x1b[31m&amp;'
DATA = bytes(range(256)) * 8
PLACE = "train/_script_/clip.mp4"
FOREVER_S = 1_000.0


class FixedClock:
    def now_us(self) -> int:
        return NOW_US + 60 * S


def client(directory, tmp_path, **more):
    return served(application(directory, cache=tmp_path / "cache", clock=FixedClock(), **{"look_s": FOREVER_S, **more}))


def fill(directory):
    """One clip done, one lost with a hostile message, one wanted, one without a label; labels are hostile too."""
    with Ledger.open(directory) as ledger:
        labels = (HOSTILE, "a/b", "../up", "")
        rows = [row(name, label=label) for name, label in zip("abcd", labels, strict=True)]
        rows.append(Annotation(*row("a")[:3], None, "second", (("is_cc", HOSTILE),)))
        desk = Desk(ledger, rows)
        done, lost, *_ = desk.jobs()
        desk.record(outcome(done, None))
        (want,) = lost.wanted
        failure = Failure(Reason.PRIVATE, f"{HOSTILE}\nline two", Stage.RESOLVE, 403)
        desk.record(Outcome(lost, (Attempt(want.clip, failure, "youtube", "proxy 1", Cost(1, 2, 3, 4, 5), "t"),), "n1"))
        ledger.save_egress(EgressRow("proxy 1", NOW_US + 3_600 * S, 250.0, "{}", "n1"))
        ledger._connection.execute("UPDATE stored SET path = ?", (PLACE,))  # the layout makes names that are safe
    file = directory / PLACE
    file.parent.mkdir(parents=True)
    file.write_bytes(DATA)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    directory = tmp_path_factory.mktemp("explored") / "set <b>"
    fill(directory)
    return directory


@pytest.fixture(scope="module")
def web(dataset, tmp_path_factory):
    with client(dataset, tmp_path_factory.mktemp("cache")) as found:
        yield found


DONE, LOST = row("a").clip.id, row("b").clip.id
PAGES = {
    "dashboard": "/",
    "classes": "/classes",
    "class": "/class?" + urlencode({"label": HOSTILE}),
    "class without a name": "/class?label=",
    "class like a path": "/class?label=..%2Fup",
    "done clip": f"/clips/{DONE}",
    "lost clip": f"/clips/{LOST}",
    "failures": "/failures",
    "failures chosen": "/failures?" + urlencode({"q": HOSTILE[:20], "reason": "private", "label": "a/b"}),
    "not there": "/nowhere",
    "no such class": "/class?label=%3Cscript%3E",
    "no such clip": "/clips/xxxxxxxxxxx_000000_000001",
}


def json_of(path: str) -> str:
    page, _, query = path.partition("?")
    return f"{'/index' if page == '/' else page}.json{'?' + query if query else ''}"


class Loads(HTMLParser):
    """The addresses that a page loads, what it says, and what in it would run or style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.said = ""
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in {"src", "poster", "srcset", "data", "action", "hx-get"} or (tag == "link" and name == "href"):
                self.loaded.append(value or "")
            if name.startswith("on") or name == "style":
                self.inline.append(name)
        self._script = tag == "script" and not dict(attrs).get("src")

        self.said += dict(attrs).get("aria-label") or ""

    def handle_data(self, data):
        self.said += data
        if self._script and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_loads_from_here_only_and_runs_nothing_of_a_strangers(web, path):
    text = web.get(path).text
    loads = Loads(text)
    assert loads.inline == []
    assert loads.loaded
    assert [url for url in loads.loaded if not url.startswith("/") or url.startswith("//")] == []
    assert "<script>alert" not in text
    assert "\x1b" not in loads.said
    assert "\u202e" not in loads.said


def test_what_pages_load_is_there(web):
    loaded = {url for path in PAGES.values() for url in Loads(web.get(path).text).loaded if url.startswith("/static/")}
    assert len(loaded) == 5
    assert {web.get(url).status for url in loaded} == {200}


@pytest.mark.parametrize(
    "path", [*PAGES.values(), "/static/explore.js", f"/media/{DONE}", *map(json_of, PAGES.values())]
)
def test_every_answer_has_the_headers(web, path):
    headers = web.get(path).headers
    policy = headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not any("unsafe" in part or "http" in part for part in policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_pages_say_what_their_json_says(web, dataset):
    with Ledger.read(dataset) as ledger:
        status = ledger.status(NOW_US).to_json()
    found = web.get("/index.json").json()
    assert found["clips"] == status["clips"] == {"wanted": 2, "done": 1, "lost": 1}
    assert found["reasons"] == status["reasons"]
    assert found["stored_bytes"] == status["bytes"]["stored"]
    assert "1 of 4 clips done" in re.sub(r"<[^>]*>", "", web.get("/").text)
    classes = web.get("/classes.json").json()["classes"]
    assert [entry["label"] for entry in classes] == sorted([HOSTILE, "a/b", "../up", "", "second"])
    assert web.get("/classes").text.count('data-testid="class-row"') == len(classes)
    failed = web.get("/failures.json").json()
    assert [entry["clip_id"] for entry in failed["failures"]] == [LOST]
    assert web.get("/failures").text.count('data-testid="failure-row"') == 1


def test_the_dashboard_shows_ways_out_and_what_failed_last(web):
    found = web.get("/index.json").json()
    (way,) = found["egress"]
    assert (way["name"], way["state"], way["node"]) == ("proxy 1", "cooling", "n1")
    (failure,) = found["failures"]
    assert (failure["clip_id"], failure["reason"], failure["detail"].split("\n")[1]) == (LOST, "private", "line two")
    assert f'data-until="{way["not_before"]}"' in web.get("/").text


def test_a_clip_page_has_all_that_is_known(web):
    done, lost = (web.get(f"/clips/{name}.json").json() for name in (DONE, LOST))
    assert {place["label"] for place in done["annotations"]} == {HOSTILE, "second"}
    assert done["annotations"][1]["extra"] == {"is_cc": HOSTILE} or done["annotations"][0]["extra"] == {
        "is_cc": HOSTILE
    }
    assert (done["file"]["frames"], done["file"]["fps_exact"], done["file"]["sha256"]) == (300, "30000/1001", "ab" * 32)
    (attempt,) = lost["tries"]
    assert (attempt["http_status"], attempt["stage"], attempt["node"]) == (403, "resolve", "n1")
    assert attempt["detail"] == f"{HOSTILE}\nline two"
    assert lost["meaning"] == "The uploader made the video private."
    assert 'rel="noreferrer' in web.get(f"/clips/{DONE}").text


FILTERS = {
    "/classes.json?q=SECOND": ("classes", 1),
    "/classes.json?q=nothing": ("classes", 0),
    "/class.json?label=a%2Fb&state=lost": ("clips_here", 1),
    "/class.json?label=a%2Fb&state=done": ("clips_here", 0),
    f"/class.json?label=second&split={quote(NO_SPLIT)}": ("clips_here", 1),
    "/class.json?label=second&split=train": ("clips_here", 0),
    "/failures.json?reason=private": ("failures", 1),
    "/failures.json?reason=network": ("failures", 0),
    "/failures.json?disposition=retry": ("failures", 0),
    "/failures.json?q=line+two": ("failures", 1),
    "/failures.json?q=%25": ("failures", 0),
    "/failures.json?label=&reason=&q=&page=7": ("failures", 1),
    "/failures.json?page=-1&disposition=nonsense": ("failures", 1),
}


@pytest.mark.parametrize(("url", "key", "count"), [(url, *rest) for url, rest in FILTERS.items()], ids=FILTERS)
def test_filters_stand_in_the_url(web, url, key, count):
    assert len(web.get(url).json()[key]) == count


@pytest.mark.parametrize("sort", ["label", "clips", "done", "lost", "loss", "wanted", "nonsense"])
def test_classes_are_sorted_as_the_url_says(web, sort):
    rows = web.get(f"/classes.json?sort={sort}").json()["classes"]
    keys = [entry["label"] if sort in {"label", "nonsense"} else -entry.get(sort, entry["lost"]) for entry in rows]
    assert all(first <= second for first, second in pairwise(keys))


HOSTS = {
    "127.0.0.1:PORT": 200,
    "localhost:PORT": 200,
    "[::1]:PORT": 200,
    "evil.example": 421,
    "evil.example:PORT": 421,
    "127.0.0.1": 421,
    "127.0.0.1:80": 421,
    "127.0.0.1.evil.example:PORT": 421,
    "": 421,
}


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_only_this_machine_by_its_own_names_is_answered(web, host, status):
    named = host.replace("PORT", str(web.port))
    assert web.get("/", host=named).status == status
    assert web.get(f"/media/{DONE}", host=named).status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_it_is_only_read_from(web, method):
    answer = web.ask(method, "/")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


RANGES = {
    "none": ("", 200, (0, 2048)),
    "first": ("bytes=0-0", 206, (0, 1)),
    "middle": ("bytes=100-199", 206, (100, 200)),
    "to the end": ("bytes=2000-", 206, (2000, 2048)),
    "the last": ("bytes=-48", 206, (2000, 2048)),
    "more than there is": ("bytes=2000-99999", 206, (2000, 2048)),
    "a suffix of more than there is": ("bytes=-99999", 206, (0, 2048)),
    "beyond the end": ("bytes=2048-", 416, None),
    "no suffix": ("bytes=-0", 416, None),
    "backwards is no range": ("bytes=9-8", 200, (0, 2048)),
    "several": ("bytes=0-1,5-6", 200, (0, 2048)),
    "another unit": ("pages=1-2", 200, (0, 2048)),
    "nonsense": ("bytes=a-b", 200, (0, 2048)),
    "huge": ("bytes=" + "9" * 30 + "-", 200, (0, 2048)),
}


@pytest.mark.parametrize(("asked", "status", "span"), RANGES.values(), ids=RANGES)
def test_ranges(web, asked, status, span):
    header = {"range": asked} if asked else {}
    answer, head = web.get(f"/media/{DONE}", **header), web.ask("HEAD", f"/media/{DONE}", **header)
    assert (answer.status, head.status, head.content) == (status, status, b"")
    if span is None:
        assert answer.headers["content-range"] == "bytes */2048"
        return
    assert answer.content == DATA[slice(*span)]
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == head.headers["content-length"] == str(span[1] - span[0])
    assert answer.headers["content-range"] == (f"bytes {span[0]}-{span[1] - 1}/2048" if status == 206 else None)


def test_an_empty_file_has_no_range():
    assert part("", 0) is None
    with pytest.raises(Unsatisfiable):
        part("bytes=0-", 0)


def test_what_is_known_already_is_not_sent_again(web):
    first = web.get(f"/media/{DONE}")
    assert web.get(f"/media/{DONE}", if_none_match=first.headers["etag"]).status == 304
    for condition, status in ((first.headers["etag"], 206), ('"other"', 200), (first.headers["last-modified"], 206)):
        assert web.get(f"/media/{DONE}", range="bytes=0-9", if_range=condition).status == status


ATTEMPTS = (
    f"/media/{LOST}",
    "/media/xxxxxxxxxxx_000000_000001",
    "/media/..%2f..%2fetc%2fpasswd",
    "/media/../../../../etc/passwd",
    "/media/%2e%2e/%2e%2e/.clipset/ledger.db",
    "/media/",
    "/static/../explore.py",
    "/static/..%2fpages.py",
    "/static/nothing.js",
    f"/poster/{LOST}",
    f"/preview/{LOST}",
    "/.clipset/ledger.db",
)


@pytest.mark.parametrize("path", ATTEMPTS)
def test_nothing_is_served_but_clips_that_are_there_and_files_of_its_own(web, path):
    assert web.get(path).status == 404


PLACES = (
    "../outside.mp4",
    "/etc/passwd",
    ".clipset/ledger.db",
    "link/outside.mp4",
    "gone.mp4",
    "train/../../outside.mp4",
)


@pytest.mark.parametrize("place", PLACES)
def test_a_ledger_cannot_lead_outside_of_its_dataset(tmp_path, place):
    (tmp_path / "outside.mp4").write_bytes(b"secret")
    with Ledger.open(tmp_path / "d") as ledger:
        desk = Desk(ledger, [row("a")])
        (job,) = desk.jobs()
        desk.record(outcome(job, None))
        ledger._connection.execute("UPDATE stored SET path = ?", (place,))
    (tmp_path / "d" / "link").symlink_to(tmp_path)
    with client(tmp_path / "d", tmp_path) as web:
        answer = web.get(f"/media/{DONE}")
        assert answer.status in {404, 503}
        assert b"secret" not in answer.content
        assert web.get(f"/preview/{DONE}").status in {404, 503}


def test_a_preview_of_what_is_no_video_is_not_there_and_says_why(web):
    answer = web.get(f"/preview/{DONE}")
    assert answer.status == 404
    assert "<main" in answer.text


def test_a_ledger_that_is_taken_away_damaged_or_brought_back_is_told_plainly(tmp_path):
    directory = tmp_path / "d"
    fill(directory)
    path = directory / ".clipset" / "ledger.db"
    with client(directory, tmp_path, look_s=0.02) as web:
        assert web.get("/").status == 200
        path.rename(tmp_path / "kept")
        until(web, 503, "no clipset dataset")
        path.write_bytes(b"no database at all, but long enough to be taken for one" * 200)
        until(web, 503, "is damaged")
        path.unlink()
        shutil.copyfile(tmp_path / "kept", path)
        until(web, 200, '"clips": {')  # opened at once, indexed a moment later
        assert web.get("/classes").status == 200


def until(web, status: int, text: str) -> None:
    """Asks often, for a while, until an answer has this status and says this."""
    for _ in range(3_000):
        answer = web.get("/index.json")
        if answer.status == status and text in answer.text:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"never {status} {text}: {answer.status} {answer.text[:200]}")


def test_a_run_that_was_killed_is_not_called_running(tmp_path):
    fill(tmp_path / "d")
    lock = tmp_path / "d" / ".clipset" / "lock"
    with client(tmp_path / "d", tmp_path) as web:
        with Ledger.open(tmp_path / "d"):
            assert web.get("/index.json").json()["run"] == "running"
            signed = json.loads(lock.read_text())
        assert web.get("/index.json").json()["run"] == "killed"
        lock.write_text(json.dumps(signed | {"pid": 2**22 + 1}))
        assert web.get("/index.json").json()["run"] == "killed"
        assert "run it again to go on" in web.get("/").text
        lock.write_text(json.dumps(signed | {"pid": 2**22 + 1, "host": "elsewhere"}))
        assert web.get("/index.json").json()["run"] == "running"


def test_what_needs_the_index_says_so_until_it_is_made(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(Keeper, "_index", lambda _self: None)
    monkeypatch.setattr("clipset.explore.keeper._MOMENT_S", 0)
    with client(dataset, tmp_path) as web:
        answer = web.get("/classes")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert 'http-equiv="refresh"' in answer.text
        assert web.get("/index.json").json()["clips"] is None
        assert "being counted" in web.get("/").text
        assert web.get(f"/clips/{DONE}").status == 200
        assert web.get(f"/media/{DONE}").status == 200


def test_every_page_of_many_clips_is_reached_by_its_links_and_each_clip_once(tmp_path):
    ReferenceRun(5_000).write(tmp_path / "d")
    with client(tmp_path / "d", tmp_path) as web:
        seen, url = [], "/failures.json"
        while url:
            found = web.get(url).json()
            seen += [entry["clip_id"] for entry in found["failures"]]
            url = found["place"]["next"] and json_of(found["place"]["next"])
        assert len(seen) == len(set(seen)) == found["total"]
        assert found["total"] == sum(entry["clips"] for entry in found["reasons"])


def test_a_directory_that_is_no_dataset_is_refused(tmp_path, capsys):
    assert main(["explore", str(tmp_path)]) == 2
    assert "is no clipset dataset yet" in capsys.readouterr().err


def test_the_keeper_outlives_what_nobody_expected(dataset, tmp_path, monkeypatch):
    def broken(_self):
        raise RuntimeError("disk I/O error")

    monkeypatch.setattr(Keeper, "_refresh", broken)
    with client(dataset, tmp_path, look_s=0.02) as web:
        until(web, 503, "cannot be read: RuntimeError: disk I/O error")
        monkeypatch.undo()
        until(web, 200, '"clips": {')
