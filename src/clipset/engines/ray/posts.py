"""Which way out is used from which node. Pure.

A node's own way out belongs to it, and so does a local address to a node that has it. A proxy, and an account whose
cookies are used, are one egress wherever they are used from: one node each, another one when that ends.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import NamedTuple

from clipset.sources.youtube.config import Egress

WAY_RESOURCE = "egress:"
"""A node with the custom resource `egress:NAME` calls its own way out NAME."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node that can work. `id` is new each time it joins; `addresses` are those of the asked ones that it has."""

    id: str
    name: str
    way: str = ""  # the name of its own way out, where it has one
    addresses: frozenset[str] = frozenset()


class Post(NamedTuple):
    """A way out, and the node that uses it. `share`: so many of the node's stations share it."""

    way: Egress
    node: Node
    share: int = 1


def ways_of(ways: Sequence[Egress], nodes: Sequence[Node]) -> dict[str, tuple[Egress, tuple[Node, ...]]]:
    """By name: each way out, and the nodes that may use it."""
    found: dict[str, tuple[Egress, tuple[Node, ...]]] = {}
    for way in ways:
        if way.source_address is not None:
            found[way.name] = (way, tuple(node for node in nodes if way.source_address in node.addresses))
        elif way.proxy is not None or way.cookies is not None:
            found[way.name] = (way, tuple(nodes))
        else:
            for node in nodes:
                name = node.way or f"{way.name}@{node.name}"
                own, others = found.get(name, (replace(way, name=name), ()))
                found[name] = (own, (*others, node))
    return found


def is_movable(way: Egress) -> bool:
    """Whether another host can use the same egress."""
    return way.source_address is None and (way.proxy is not None or way.cookies is not None)


def vacant(
    ways: Sequence[Egress],
    nodes: Sequence[Node],
    taken: Iterable[tuple[str, Node]],
    before: Mapping[str, str],
    refused: Collection[tuple[str, str]] = (),
) -> list[Post]:
    """Posts to fill beside those taken, (name of the way, node), spread over the nodes.

    A way goes back to the node that used it `before` (names of ways to ids of nodes) if that is still there, and to
    none that has `refused` it, (name of the way, id of the node).
    """
    taken = list(taken)
    load = Counter(node.id for _, node in taken)
    held = {name for name, _ in taken}
    open_ways = ways_of(ways, nodes)
    share = max(1, ceil(len(open_ways) / max(1, len(nodes))))
    posts = []
    for name, (way, allowed) in open_ways.items():
        able = [node for node in allowed if (name, node.id) not in refused]
        if name in held or not able:
            continue
        node = min(able, key=lambda node: (before.get(name) != node.id, load[node.id]))
        load[node.id] += 1
        posts.append(Post(way, node, share))
    return posts


def idle(posts: Collection[tuple[str, Node]], nodes: Sequence[Node]) -> list[Node]:
    """Nodes without a way out of their own: those that share one, or more nodes than ways."""
    busy = {node.id for _, node in posts}
    return [node for node in nodes if node.id not in busy]
