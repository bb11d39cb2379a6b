"""What can be wrong before a cluster does anything: one plain line, the right exit status, and nothing written."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cluster import free_port
from program import clipset, clipset_command, environment, here, tree, write_list
from runs import offline, rows, words

pytestmark = pytest.mark.slow


def fetch(tmp_path: Path, address: str | None, **more: str) -> subprocess.CompletedProcess[str]:
    annotations = write_list(tmp_path / "list.csv", rows(1))
    words = ["fetch", annotations, "--out", tmp_path / "out", "--engine", "ray"]
    words += ["--ray-address", address] if address else []
    command = clipset_command(*words)
    inherited = {name: text for name, text in environment().items() if not name.startswith("RAY_")}
    return subprocess.run(
        command, env=inherited | more, capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path
    )


def assert_says(ran: subprocess.CompletedProcess[str], code: int, text: str, out: Path) -> None:
    assert ran.returncode == code, ran.stderr
    assert text in ran.stderr
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("address", "code", "text"),
    [
        ("127.0.0.1:{closed}", 5, "does not answer"),
        ("127.0.0.1", 2, "host:port"),
        ("127.0.0.1:port", 2, "host:port"),
        ("ray://127.0.0.1:10001", 2, "host:port"),
    ],
)
def test_an_address_that_is_none_is_said_at_once(address, code, text, tmp_path):
    began_s = time.monotonic()
    annotations = write_list(tmp_path / "list.csv", rows(1))
    words = ("fetch", annotations, "--out", tmp_path / "out", "--engine", "ray")
    ran = here(*words, "--ray-address", address.format(closed=free_port()))
    assert_says(ran, code, text, tmp_path / "out")
    assert time.monotonic() - began_s < 15


def test_the_environment_names_the_cluster_too(tmp_path):
    ran = fetch(tmp_path, None, RAY_ADDRESS=f"127.0.0.1:{free_port()}")
    assert_says(ran, 5, "does not answer", tmp_path / "out")


def test_a_server_that_is_no_ray_is_not_waited_for(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began_s = time.monotonic()
        ran = fetch(tmp_path, f"127.0.0.1:{mute.getsockname()[1]}")
        assert time.monotonic() - began_s < 40
    assert ran.returncode == 5, ran.stderr
    assert "does not answer" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "out").exists()


def test_without_ray_the_extra_is_named(tmp_path):
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError(\"No module named 'ray'\", name='ray')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ran = fetch(tmp_path, "127.0.0.1:6379", PYTHONPATH=path)
    assert_says(ran, 2, "pip install 'clipset[ray]'", tmp_path / "out")


def test_without_an_address_ray_is_started_here_with_a_token_of_its_own(tmp_path, monkeypatch):
    out = tmp_path / "out"
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # where Ray would leave a token for all that comes later
    with offline() as youtube:
        ran = clipset(*words(write_list(tmp_path / "list.csv", rows(20)), out, youtube, "--engine", "ray"))
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.startswith("starting Ray on this machine")
    assert len(tree(out)) == 20
    assert not (tmp_path / "home" / ".ray").exists()


def test_nothing_else_loads_ray():
    code = "import sys, clipset.cli, clipset.cli.works; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
