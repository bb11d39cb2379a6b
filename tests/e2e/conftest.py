"""Real data for tests: beside the checkout where there are any, never in it."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"the real data are not there: {DATA}")
    return DATA
