"""What measures the program follows it: a module of `bench` that no longer loads is noticed here, not years later."""

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "bench").rglob("*.py")
    if "youtube_stand_in" not in path.parts and path.name not in {"__main__.py", "__init__.py"}
)
EXTRAS = {"imageio_ffmpeg"}  # what only `make bench` installs


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_loads(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
    finally:
        for loaded in [module for module in sys.modules if module.split(".")[0] == "bench"]:
            del sys.modules[loaded]
