"""`python -m clipset.rehearsal --port N --scenario FILE`: the offline YouTube and mirror in the foreground."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from clipset.rehearsal.demo import demo_scenario
from clipset.rehearsal.kinetics import kinetics_mirror
from clipset.rehearsal.scenario import Scenario
from clipset.rehearsal.server import serve


def _demo() -> Scenario:
    return replace(demo_scenario(), mirror=kinetics_mirror())


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m clipset.rehearsal", description="An offline YouTube, and mirror of Kinetics, on loopback."
    )
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: 8080)")
    parser.add_argument(
        "--scenario", type=Path, metavar="FILE", help="TOML; without it the demo's videos, and a small Kinetics"
    )
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep generated media here (default: temporary)")
    arguments = parser.parse_args()
    try:
        scenario = Scenario.from_toml(arguments.scenario) if arguments.scenario else _demo()
        serve(scenario, arguments.port, arguments.cache)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
