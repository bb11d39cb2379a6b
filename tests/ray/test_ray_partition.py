"""A node in a network namespace of its own is cut off in the middle: its videos go to others, its station ends."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from cluster import LocalCluster, processes_with
from program import status, tree
from runs import clips_in, offline, on, running, said, until, words

pytestmark = pytest.mark.slow

OURS, THEIRS, SPACE = f"clr{os.getpid()}a", f"clr{os.getpid()}b", f"clr{os.getpid()}"
NET = f"10.213.{os.getpid() % 250}"


def ip(*words: str) -> None:
    subprocess.run(["/usr/sbin/ip", *words], check=True, capture_output=True)


@pytest.fixture
def split() -> Iterator[LocalCluster]:
    """Node `a` here, node `b` in another namespace."""
    if os.geteuid() != 0:
        pytest.skip("only root can make network namespaces")
    if shutil.which("ip", path="/usr/sbin") is None:
        assert not os.environ.get("CI"), "there is no ip; scripts/setup.sh system installs iproute2"
        pytest.skip("there is no ip: apt-get install iproute2")
    try:
        ip("netns", "add", SPACE)
    except subprocess.CalledProcessError:
        pytest.skip("this root may not make network namespaces")
    try:
        ip("link", "add", OURS, "type", "veth", "peer", "name", THEIRS, "netns", SPACE)
        ip("address", "add", f"{NET}.1/24", "dev", OURS)
        ip("link", "set", OURS, "up")
        ip("-n", SPACE, "address", "add", f"{NET}.2/24", "dev", THEIRS)
        for device in (THEIRS, "lo"):
            ip("-n", SPACE, "link", "set", device, "up")
        with LocalCluster(f"{NET}.1") as cluster:
            cluster.add("b", f"{NET}.2", before=("/usr/sbin/ip", "netns", "exec", SPACE))
            yield cluster
    finally:
        ip("netns", "del", SPACE)


@contextmanager
def relayed(port: int) -> Iterator[str]:
    """A door to a loopback port for those who are in the other namespace."""
    with socket.create_server((f"{NET}.1", 0)) as door:
        threading.Thread(target=_admit, args=(door, port), daemon=True).start()
        yield f"http://{NET}.1:{door.getsockname()[1]}"


def _admit(door: socket.socket, port: int) -> None:
    with suppress(OSError):
        while True:
            client, _ = door.accept()
            server = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_serve, args=(client, server), daemon=True).start()


def _serve(client: socket.socket, server: socket.socket) -> None:
    with client, server:
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def test_a_node_that_is_cut_off_changes_nothing(split, work, tmp_path):
    with offline() as youtube, relayed(int(youtube.origin.rpartition(":")[2])) as origin:
        command = words(work.list, tmp_path, youtube, *on(split), "--youtube-origin", origin)
        with running(*command) as run:
            until(lambda: clips_in(tmp_path) >= 60)
            assert {way["node"] for way in status(tmp_path)["egress"]} == {"a", "b"}
            orphans = set(split.stations("b"))
            ip("link", "set", OURS, "down")
            _, stderr = run.communicate(timeout=150)
    assert run.returncode == 0, stderr
    assert "the station of direct@b on b" in stderr
    assert tree(tmp_path) == work.tree
    assert said(tmp_path) == work.said
    assert orphans
    until(lambda: not orphans & processes_with("ray::Station").keys(), 90)
