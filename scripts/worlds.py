"""Makes docs/images/worlds/*.svg: what the policies get from each shipped world.

.venv/bin/python scripts/worlds.py
"""

import sys
from pathlib import Path

from clipset.simulate import picture, shipped_worlds, simulate

TARGET = Path(__file__).parents[1] / "docs" / "images" / "worlds"
ALSO_DOCUMENTED = {"account", "cloud", "doubling", "halving", "home"}


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for world in shipped_worlds():
        policies = ("auto", "documented") if world.name in ALSO_DOCUMENTED else ("auto",)
        path = TARGET / f"{world.name}.svg"
        picture.save(path, world, {policy: simulate(world, policy) for policy in policies})
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
