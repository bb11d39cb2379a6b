"""`clipset explore` as a user runs it: its one line, live events, Ctrl-C."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from itertools import islice

import pytest
from browsing import Web, served
from test_explore import fill
from test_ledger_jobs import HEADER, Desk, outcome, row

from clipset.cli import main
from clipset.cli.explore import listening
from clipset.config import UserError
from clipset.explore import application
from clipset.explore.glances import Glances
from clipset.ledger import Ledger
from clipset.sinks.folders import FileStream, FolderSink


@contextmanager
def explorer(directory, *more: str):
    """The command, once it has said where it is; ended as Ctrl-C ends it. Its exit status has to be 0."""
    command = [sys.executable, "-m", "clipset", "explore", str(directory), "--port", "0", *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
        assert (rest, errors, process.returncode) == ("", "", 0)
    finally:
        process.kill()
        process.wait()


def events(answer):
    """(name, data) of each event as it comes."""
    name = ""
    for line in answer:
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def test_one_line_says_where_and_ctrl_c_ends_it_while_a_page_listens(tmp_path):
    fill(tmp_path / "d")
    with explorer(tmp_path / "d") as line:
        port = int(line.removeprefix("http://127.0.0.1:").removesuffix("/\n"))
        with Web(port).open("GET", "/events") as answer:
            name, text = next(events(answer))
            assert (answer.headers["content-type"], name) == ("text/event-stream; charset=utf-8", "dashboard")
            assert "1 of 4 clips done" in text


def test_the_address_is_there_for_programs_too(tmp_path):
    fill(tmp_path / "d")
    with explorer(tmp_path / "d", "--json") as line:
        assert json.loads(line)["url"].startswith("http://127.0.0.1:")


def test_an_event_comes_when_something_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr("clipset.explore.live._AT_LEAST_EVERY_S", 1_000)  # those come anyway
    with Ledger.open(tmp_path / "d") as ledger:
        desk = Desk(ledger, [row("a"), row("b")])
        first, second = desk.jobs()
        desk.record(outcome(first, None))
        with (
            served(application(tmp_path / "d", cache=tmp_path / "cache", look_s=0.02)) as web,
            web.open("GET", "/events") as answer,
        ):
            coming = events(answer)
            assert "1 of 2 clips done" in next(coming)[1]
            desk.record(outcome(second, None))
            assert any("2 of 2 clips done" in text for _, text in islice(coming, 9))
            assert web.get("/index.json").json()["clips"]["done"] == 2
            ledger.load(HEADER.__class__("new.csv", "2" * 64, "{}", "exact-h360", "k"), [row("c")], lambda _: "c.mp4")
            assert any("2 of 3 clips done" in text for _, text in islice(coming, 99))


def test_an_event_says_that_the_ledger_is_gone(tmp_path):
    fill(tmp_path / "d")
    with (
        served(application(tmp_path / "d", cache=tmp_path / "cache", look_s=0.02)) as web,
        web.open("GET", "/events") as answer,
    ):
        coming = events(answer)
        assert next(coming)[0] == "dashboard"
        (tmp_path / "d" / ".clipset" / "ledger.db").rename(tmp_path / "kept")
        assert any(name == "trouble" and "no clipset dataset" in text for name, text in islice(coming, 9))


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path, capsys):
    fill(tmp_path / "d")
    with listening(0) as taken:
        port = taken.getsockname()[1]
        assert main(["explore", str(tmp_path / "d"), "--port", str(port)]) == 2
    assert f"port {port} is taken; choose another one with --port N" in capsys.readouterr().err


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(UserError, match="between 0 and 65535"):
        listening(port)


def test_without_a_port_the_first_free_one_is_taken(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr("clipset.cli.explore.FIRST_PORT", taken.getsockname()[1])
        with listening(None) as found:
            assert found.getsockname()[1] > taken.getsockname()[1]
            assert found.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("missing", ["uvicorn", "starlette", "jinja2"])
def test_without_the_extra_one_line_says_what_to_install(tmp_path, capsys, monkeypatch, missing):
    for name in [name for name in sys.modules if name.startswith("clipset.explore")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    for name in [name for name in sys.modules if name.startswith(f"{missing}.")]:
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["explore", str(tmp_path)]) == 2
    assert "pip install 'clipset[explore]'" in capsys.readouterr().err


def test_a_browser_that_goes_away_takes_its_order_with_it(tmp_path, monkeypatch):
    fill(tmp_path / "d")
    left = threading.Event()
    leave = Glances.leave
    monkeypatch.setattr(Glances, "_serve", lambda _self: None)  # nothing is ever made
    monkeypatch.setattr(Glances, "leave", lambda self, order: (leave(self, order), left.set()))
    with served(application(tmp_path / "d", cache=tmp_path / "cache")) as web:
        with socket.create_connection(("127.0.0.1", web.port)) as gone:
            request = f"GET /preview/{row('a').clip.id} HTTP/1.1\r\nhost: 127.0.0.1:{web.port}\r\n\r\n"
            gone.sendall(request.encode())
            assert not left.wait(0.5)
        assert left.wait(20)


def test_a_file_that_becomes_shorter_while_it_is_sent_ends_the_answer(tmp_path):
    fill(tmp_path / "d")

    class Shrinking(FolderSink):
        def get(self, path):
            stream = super().get(path)
            return stream and FileStream(stream._path, stream.size_bytes + 1_000)

    with served(application(tmp_path / "d", Shrinking(tmp_path / "d"), cache=tmp_path / "cache")) as web:
        with pytest.raises(http.client.IncompleteRead):
            web.get(f"/media/{row('a').clip.id}")
        assert web.get("/").status == 200
