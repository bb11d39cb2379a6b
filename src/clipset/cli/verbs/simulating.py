"""What will it take?"""

from typing import Annotated

from clipset.cli.options import (
    SimulateOptions,
)
from clipset.cli.outcome import Exit
from clipset.cli.verbs.parameters import PLACE
from clipset.config import UserError


def simulate(
    world: Annotated[str | None, PLACE] = None,
    /,
    *,
    options: SimulateOptions = SimulateOptions(),  # noqa: B008 - frozen
) -> Exit:
    """Simulate a pace against limits, in virtual time; or ask how long a dataset takes with your egresses.

    Parameters
    ----------
    world
        A shipped world (guest, account, cloud, home, halving, doubling, errors) or a TOML file; see docs/simulation.md.
    """
    try:
        from clipset.cli.simulate import simulate as run_simulate  # noqa: PLC0415 - simpy is an extra
    except ModuleNotFoundError as error:
        if error.name != "simpy":
            raise
        raise UserError("simulating needs simpy: pip install 'clipset[simulate]'") from None
    return run_simulate(world, options)
