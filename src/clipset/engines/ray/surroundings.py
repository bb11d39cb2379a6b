"""What Ray reads from the environment, some of it only while it is being loaded: so this comes before that."""

import os
import secrets


def prepare(address: str | None) -> None:
    """For a cluster at `address`; None: for Ray on this machine alone, which only this run may use."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing of a run is told to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address is None and "RAY_AUTH_MODE" not in os.environ:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
