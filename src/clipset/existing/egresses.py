"""The egresses of several machines in one ledger: each belongs to its machine and keeps its own pace. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from clipset.ledger import EgressRow
from clipset.throttle.state import EgressState


def joined(rows: Iterable[EgressRow]) -> list[EgressRow]:
    """Each egress once, as it was last seen; one whose name several machines have is called `<name>@<node>`.

    An egress of which nobody knows the machine is called by its name.
    """
    latest: dict[tuple[str, str], EgressRow] = {}
    for row in sorted(rows, key=_age):
        name = plain_name(row)
        latest[name, row.node] = replace(row, name=name)
    machines = Counter(name for name, _ in latest)
    return [
        replace(row, name=f"{name}@{node}") if node and machines[name] > 1 else row
        for (name, node), row in sorted(latest.items())
    ]


def plain_name(row: EgressRow) -> str:
    """What the egress is called on its own machine."""
    return row.name.removesuffix(f"@{row.node}") if row.node else row.name


def _age(row: EgressRow) -> tuple[int, int, str]:
    """Grows from state to state; one that makes no sense is the oldest."""
    try:
        seen_us = EgressState.from_json(row.state).seen_us
    except ValueError:
        seen_us = -1
    return seen_us, row.not_before_us or 0, row.state
