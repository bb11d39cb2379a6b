"""What a policy would get that knows the world: it fills every window to the brim and is never refused. Pure."""

import heapq

from clipset.simulate.limiter import Limiter
from clipset.simulate.result import Tally
from clipset.simulate.world import World


def oracle(world: World, tally: Tally) -> float:
    """Fill `tally.ok`; returns when the last video was done, in seconds, or the horizon."""
    horizon_s, spacing_s = world.horizon_h * 3600, world.service_s / world.workers
    limiters = [Limiter(limits, world, number) for number, limits in enumerate(world.limits)]
    turns = [(0.0, number) for number in range(len(limiters))]
    left = world.videos
    while turns and left:
        now_s, number = heapq.heappop(turns)
        if now_s + world.service_s > horizon_s:
            continue
        free_s = limiters[number].frees_s(now_s)
        if free_s > now_s:
            heapq.heappush(turns, (free_s, number))
            continue
        limiters[number].admits(now_s)
        left -= 1
        done_s = now_s + world.service_s
        tally.count(tally.ok, done_s)
        heapq.heappush(turns, (now_s + spacing_s, number))
    return horizon_s if left else done_s
