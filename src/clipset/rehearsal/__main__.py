"""`python -m clipset.rehearsal --port N --scenario FILE`: the offline YouTube in the foreground."""

import argparse
import sys
from pathlib import Path

from clipset.rehearsal.demo import demo_scenario
from clipset.rehearsal.scenario import Scenario
from clipset.rehearsal.server import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m clipset.rehearsal", description="An offline YouTube on loopback.")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: 8080)")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="TOML; without it the demo's videos are served")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep generated media here (default: temporary)")
    arguments = parser.parse_args()
    try:
        scenario = Scenario.from_toml(arguments.scenario) if arguments.scenario else demo_scenario()
        serve(scenario, arguments.port, arguments.cache)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
