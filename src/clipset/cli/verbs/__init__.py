"""The verbs: their words, options and help; what they do is in the modules of their names beside this package."""

from clipset.cli.verbs.dataset import adopt, failures, merge, rebuild, status
from clipset.cli.verbs.doubts import reasons, reclassify, retry
from clipset.cli.verbs.exports import frames, sound, stats
from clipset.cli.verbs.fetching import demo, fetch, plan
from clipset.cli.verbs.lists import classes, convert, datasets, leaks
from clipset.cli.verbs.mirror import index
from clipset.cli.verbs.reporting import explore, report
from clipset.cli.verbs.simulating import simulate

VERBS = (
    fetch,
    plan,
    status,
    failures,
    report,
    explore,
    datasets,
    classes,
    leaks,
    convert,
    index,
    adopt,
    rebuild,
    merge,
    frames,
    sound,
    stats,
    reasons,
    reclassify,
    retry,
    simulate,
    demo,
)
