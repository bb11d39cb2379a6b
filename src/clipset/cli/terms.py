"""Whose terms apply: said once a dataset."""

from collections.abc import Sequence

from clipset.cli.outcome import say
from clipset.ledger import Ledger

_SHOWN = "terms_shown"
_NOTICE = (
    "YouTube's terms (youtube.com/t/terms) apply to what is fetched; each video has an owner and a licence of its own.",
    "The dataset's licence covers its list, not the videos; --only-cc keeps to Creative Commons where a list says so.",
    "docs/guide.md, «Whose terms apply», says what that means and how clipset behaves. This is said once a dataset.",
)


def say_once(ledger: Ledger, sources: Sequence[str]) -> None:
    """Three lines before the first video is asked for; nothing where only local folders are."""
    if all(source.startswith("folder:") for source in sources) or ledger.get_meta(_SHOWN):
        return
    for line in _NOTICE:
        say(line)
    ledger.set_meta(_SHOWN, "1")
