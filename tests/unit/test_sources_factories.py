"""The entry points behind --source."""

import threading
from pathlib import Path

import pytest

from clipset.config import UserError
from clipset.sources import factories
from clipset.sources.setting import Setting
from clipset.sources.youtube.config import Egress
from clipset.types import Recipe


def setting(youtube_origin: str | None = None) -> Setting:
    way = Egress()
    return Setting(Recipe(), threading.Event(), (way,), {"direct": None}, lambda ways, _: ways[0], youtube_origin)  # type: ignore[dict-item]


def test_all_workers_share_one_index_of_a_folder(tmp_path: Path) -> None:
    make = factories.folder(str(tmp_path), setting()).make
    first, second = make(), make()
    assert first.name == "folder"
    assert first._index is second._index  # type: ignore[attr-defined]


def test_each_worker_has_its_own_youtube() -> None:
    make = factories.youtube("", setting("http://127.0.0.1:1")).make
    first, second = make(), make()
    assert first.name == "youtube"
    assert first is not second


@pytest.mark.parametrize("argument", ["", "/nowhere/at/all"])
def test_a_folder_must_exist(argument: str) -> None:
    with pytest.raises(UserError, match="folder:PATH"):
        factories.folder(argument, setting())


def test_youtube_takes_no_argument_and_a_plain_origin() -> None:
    with pytest.raises(UserError, match="nothing after"):
        factories.youtube("x", setting())
    with pytest.raises(UserError, match=r"youtube-origin: .* http://host:port"):
        factories.youtube("", setting("not an origin"))
