"""Fixtures around the rig: a fake YouTube, a source over it, a cookie file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_youtube import FakeYouTube, serve
from rig import Rig


@pytest.fixture
def youtube() -> Iterator[FakeYouTube]:
    fake = FakeYouTube()
    server = serve(fake)
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def rig(youtube: FakeYouTube) -> Iterator[Rig]:
    rig = Rig(youtube)
    yield rig
    rig.close()


@pytest.fixture
def cookie_file(tmp_path: Path) -> Callable[..., Path]:
    def write(**cookies: str) -> Path:
        path = tmp_path / "cookies.txt"
        lines = [f".youtube.com\tTRUE\t/\tTRUE\t4000000000\t{name}\t{value}" for name, value in cookies.items()]
        path.write_text("\n".join(["# Netscape HTTP Cookie File", *lines, ""]))
        return path

    return write
