"""Runs a policy against a world in virtual time. The one door to simpy."""

import math
import random
from collections.abc import Generator
from typing import Any

import simpy

from clipset.reasons import Reason, classify
from clipset.simulate.limiter import Limiter
from clipset.simulate.oracle import oracle
from clipset.simulate.policies import Asker, asker
from clipset.simulate.result import WARM_UP_H, Result, Tally
from clipset.simulate.world import ANSWERS, World

_REPLY_S = 1.0  # until an answer about a video is there; its media take the rest of the service time
_UNPACED_S = 0.01  # between two requests that nothing else holds apart

Process = Generator[Any, Any, None]


def simulate(world: World, policy: str) -> Result:
    """`policy` as in `policies.asker`. Raises ValueError."""
    tally, best = _tally(world), _tally(world)
    simulation = _Simulation(world, policy, tally)
    hours = simulation.run() / 3600
    oracle_h = oracle(world, best) / 3600
    return Result(
        ok=sum(tally.ok),
        refused=sum(tally.refused),
        refused_while_blocked=tally.refused_while_blocked,
        cool_downs=tally.cool_downs,
        oracle_ok=sum(best.ok),
        share_of_oracle=_share(tally, best, oracle_h),
        hours=hours,
        ok_by_hour=tuple(tally.ok),
        asked_by_hour=tuple(tally.asked),
        refused_by_hour=tuple(tally.refused),
    )


def _tally(world: World) -> Tally:
    return Tally(max(1, math.ceil(world.horizon_h)))


def _share(tally: Tally, best: Tally, oracle_h: float) -> float:
    end = max(1, math.ceil(oracle_h))
    start = WARM_UP_H if end > WARM_UP_H else 0
    possible = sum(best.ok[start:end])
    return sum(tally.ok[start:end]) / possible if possible else 1.0


class _Simulation:
    def __init__(self, world: World, policy: str, tally: Tally) -> None:
        self._world, self._tally = world, tally
        self._env = simpy.Environment()
        self._chance = random.Random(f"{world.seed}/service")  # noqa: S311 - a simulation
        self._left, self._unfinished = world.videos, world.videos
        self._end_s = world.horizon_h * 3600
        self._all_done = self._env.event()
        self._askers: list[Asker] = [asker(policy, world.workers) for _ in world.limits]
        for number, (limits, paced) in enumerate(zip(world.limits, self._askers, strict=True)):
            self._env.process(self._egress(Limiter(limits, world, number), paced))

    def run(self) -> float:
        """Seconds of virtual time until all videos are done, or the horizon."""
        self._env.run(until=self._env.any_of([self._all_done, self._env.timeout(self._end_s)]))
        self._tally.cool_downs = sum(paced.cool_downs for paced in self._askers)
        return float(self._env.now)

    def _egress(self, limiter: Limiter, paced: Asker) -> Process:
        env, workers = self._env, simpy.Resource(self._env, self._world.workers)
        while True:
            worker = workers.request()
            yield worker
            while (wait_s := paced.wait_s(env.now)) > 0 or not self._left:
                yield env.timeout(wait_s or 1.0)
            self._left -= 1
            paced.asked(env.now)
            env.process(self._video(limiter, paced, workers, worker))
            yield env.timeout(_UNPACED_S)

    def _video(self, limiter: Limiter, paced: Asker, workers: simpy.Resource, worker: Any) -> Process:
        env, world = self._env, self._world
        self._tally.count(self._tally.asked, env.now)
        is_blocked = env.now < limiter.blocked_until_s
        status, text = (200, "") if limiter.admits(env.now) else ANSWERS.get(world.answer, (None, world.answer))
        if not text and self._fails(env.now):
            status, text = 503, "HTTP Error 503: Service Unavailable"
        retry_after_s = limiter.blocked_until_s - env.now if world.answer == "retry_after" and text else None
        service_s = world.service_s * (1 + world.jitter * self._chance.uniform(-1, 1))
        yield env.timeout(min(_REPLY_S, service_s))
        if text:
            self._failed(paced, classify(text, http_status=status), retry_after_s, is_blocked)
        else:
            paced.succeeded(env.now)
            yield env.timeout(max(0.0, service_s - _REPLY_S))
            self._done()
        workers.release(worker)

    def _fails(self, now_s: float) -> bool:
        return any(
            now_s % (errors.every_h * 3600) < errors.for_s and self._chance.random() < errors.share
            for errors in self._world.errors
        )

    def _failed(self, paced: Asker, reason: Reason, retry_after_s: float | None, is_blocked: bool) -> None:
        if reason is not Reason.THROTTLED:
            self._left += 1
            return
        self._tally.count(self._tally.refused, self._env.now)
        self._tally.refused_while_blocked += is_blocked
        paced.refused(self._env.now, retry_after_s)
        if paced.gives_up:
            self._finish()
        else:
            self._left += 1

    def _done(self) -> None:
        self._tally.count(self._tally.ok, self._env.now)
        self._finish()

    def _finish(self) -> None:
        self._unfinished -= 1
        if not self._unfinished:
            self._all_done.succeed()
