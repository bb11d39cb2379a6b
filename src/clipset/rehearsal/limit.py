"""The throttle of the offline YouTube: a sliding window per egress and a block after it. Pure but for its memory.

An egress is what the outside can tell apart: the client's address and the account of its cookies.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from hashlib import blake2b
from http.cookies import CookieError, SimpleCookie

from clipset.rehearsal.scenario import Throttle
from clipset.types import US_PER_S

_ACCOUNT_COOKIES = ("SID", "SAPISID", "__Secure-1PSID", "__Secure-3PSID", "__Secure-3PAPISID", "LOGIN_INFO")


def egress_name(address: str, cookies: str) -> str:
    """The address, and a short hash of the account's cookies if there are any: never the cookies themselves."""
    try:
        jar = SimpleCookie(cookies)
    except CookieError:
        return address
    account = "".join(jar[name].value for name in _ACCOUNT_COOKIES if name in jar)
    return f"{address}+{blake2b(account.encode(), digest_size=4).hexdigest()}" if account else address


@dataclass(slots=True)
class _Egress:
    accepted_us: deque[int] = field(default_factory=deque)
    blocked_until_us: int = 0


class Limit:
    """Counts requests of each egress; the caller serialises calls."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._egresses: defaultdict[str, _Egress] = defaultdict(_Egress)

    def blocked(self, egress: str, now_us: int) -> bool:
        return now_us < self._egresses[egress].blocked_until_us

    def refuses(self, egress: str, now_us: int) -> bool:
        """Count a player request; whether it is refused."""
        state, throttle = self._egresses[egress], self._throttle
        if now_us < state.blocked_until_us:
            if throttle.extend_block:
                state.blocked_until_us = now_us + _us(throttle.block_s)
            return True
        while state.accepted_us and state.accepted_us[0] <= now_us - _us(throttle.window_s):
            state.accepted_us.popleft()
        if len(state.accepted_us) < throttle.limit:
            state.accepted_us.append(now_us)
            return False
        state.accepted_us.clear()  # after the block counting starts afresh
        state.blocked_until_us = now_us + _us(throttle.block_s)
        return True


def _us(seconds: float) -> int:
    return round(seconds * US_PER_S)
