"""What each policy gets from simulated worlds, and what a decision of the governor costs.

    python bench/bench_governor.py [POLICY...] [--seeds N] [--world NAME...]

`auto` in all shipped worlds over 10 seeds by default, about a quarter of an hour. Shares are of what a policy that
knows the world would get; refusals are those of the worst 24 hours.
"""

import argparse
import statistics
import time
import timeit
from collections.abc import Callable

from clipset.simulate import Result, World, shipped_worlds, simulate
from clipset.throttle import governor
from clipset.throttle.policy import Mode, Policy
from clipset.throttle.state import HOUR_US, EgressState

AUTO = Policy(Mode.AUTO)


def worst_day(result: Result) -> int:
    hours = result.refused_by_hour
    return max(sum(hours[hour : hour + 24]) for hour in range(len(hours)))


def row(world: World, policy: str, seeds: int) -> str:
    began_s = time.process_time()
    results = [simulate(world.seeded(seed), policy) for seed in range(seeds)]
    cpu_s = (time.process_time() - began_s) / seeds
    shares = [result.share_of_oracle for result in results]
    blocked = sum(result.refused_while_blocked for result in results)
    cool_downs = sum(result.cool_downs for result in results)
    return (
        f"{world.name:<10}{policy:<12}{min(shares):>7.3f}{statistics.mean(shares):>7.3f}"
        f"{statistics.mean(result.ok for result in results):>12,.0f}{max(map(worst_day, results)):>10}"
        f"{blocked / max(1, cool_downs):>10.2f}{cpu_s:>8.1f} s"
    )


def on_the_way() -> tuple[EgressState, EgressState]:
    """The state of an egress with a full day behind it, and the one in which it was last refused."""
    state = tripped = EgressState()
    now_us = began_us = 1_780_000_000_000_000
    answered = [0] * 300
    while now_us < began_us + 24 * HOUR_US:
        decision = governor.next_permit(state, AUTO, now_us)
        if isinstance(decision, governor.WaitUntil):
            now_us = decision.at_us
            continue
        state = governor.granted(state, AUTO, now_us)
        if now_us - answered[-300] < HOUR_US:
            tripped, state = state, governor.refused(state, AUTO, now_us)
        else:
            answered.append(now_us)
            state = governor.succeeded(state, AUTO, now_us)
    return state, tripped


def median_us(decide: Callable[[], object]) -> float:
    return statistics.median(timeit.repeat(decide, timer=time.process_time, number=2000, repeat=15)) / 2000 * 1e6


def decisions() -> None:
    state, tripped = on_the_way()
    now_us, then_us = state.paced_us, tripped.seen_us
    yardstick_us = median_us(lambda: sum(range(100)))
    print(f"\n{'decision':<16}{'median':>10}{'of sum(range(100))':>22}")
    cases: dict[str, Callable[[], object]] = {
        "next_permit": lambda: governor.next_permit(state, AUTO, now_us),
        "granted": lambda: governor.granted(state, AUTO, now_us),
        "succeeded": lambda: governor.succeeded(state, AUTO, now_us),
        "refused": lambda: governor.refused(tripped, AUTO, then_us),
    }
    for name, decide in cases.items():
        cost_us = median_us(decide)
        print(f"{name:<16}{cost_us:>7.1f} us{cost_us / yardstick_us:>22.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("policies", nargs="*", metavar="POLICY")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--world", action="append")
    chosen = parser.parse_args()
    columns = (("min", 7), ("mean", 7), ("ok", 12), ("refused/d", 10), ("blocked/c", 10), ("CPU", 10))
    print(f"{'world':<10}{'policy':<12}" + "".join(f"{title:>{width}}" for title, width in columns))
    for world in shipped_worlds():
        for policy in chosen.policies or ["auto"]:
            if not chosen.world or world.name in chosen.world:
                print(row(world, policy, chosen.seeds), flush=True)
    decisions()


if __name__ == "__main__":
    main()
