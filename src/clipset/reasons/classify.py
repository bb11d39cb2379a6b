"""From a message, an HTTP status and a stage to a reason. Pure."""

import re

from clipset.reasons.reason import Reason
from clipset.reasons.table import RULES, Rule
from clipset.reasons.text import normalise

_STATUS = re.compile(r"(?:http error|status code|http status|returned error|response code):? ?([1-5]\d\d)\b")


def classify(message: str, *, http_status: int | None = None, stage: str = "resolve") -> Reason:
    """Why it failed; `Reason.UNKNOWN` where no row of the table fits.

    `message` is the raw text of the tool, whatever came with it. `http_status` is the status that the failing request
    got; without it the status is read from the text. `stage` is a value of `types.Stage`. Never raises.
    """
    rule = match(message, http_status=http_status, stage=stage)
    return rule.reason if rule else Reason.UNKNOWN


def match(message: str, *, http_status: int | None = None, stage: str = "resolve") -> Rule | None:
    """The first row of the table that fits, None where none does."""
    text = normalise(message).lower()
    if http_status is None and (found := _STATUS.search(text)):
        http_status = int(found[1])
    return next((rule for rule in RULES if _fits(rule, text, http_status, stage)), None)


def _fits(rule: Rule, text: str, http_status: int | None, stage: str) -> bool:
    if rule.statuses and http_status not in rule.statuses:
        return False
    if rule.stages and stage not in rule.stages:
        return False
    return not rule.phrases or any(_says(text, phrase) for phrase in rule.phrases)


def _says(text: str, phrase: str) -> bool:
    """Whether the parts of `phrase`, split at *, stand in `text` in this order."""
    at = 0
    for part in phrase.split("*"):
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
