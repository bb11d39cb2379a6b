"""Looking ahead says what a load then does, for any lists, before and after a run."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from clipset.ledger import Ahead, Ledger, PlanHeader
from clipset.reasons import Reason
from clipset.types import Annotation, Attempt, BadRow, Cost, Failure, Outcome, Stage

ids = st.sampled_from(["aaaaaaaaaaa", "Aaaaaaaaaaa", "-bbbbbbbbbb"])
rows = st.builds(
    lambda video_id, start, length, split, label: Annotation(
        video_id, start * 500_000, (start + length) * 500_000, split, label
    ),
    ids,
    st.integers(0, 1),
    st.integers(1, 2),
    st.sampled_from([None, "val"]),
    st.sampled_from([None, "ÿ"]),
)
lists = st.lists(st.lists(st.one_of(rows, st.just(BadRow(1, "", "no id"))), max_size=12), min_size=1, max_size=4)


def path_of(row: Annotation) -> str:
    return f"{row.split}/{row.label}/{row.video_id}_{row.start_us}_{row.end_us}.mp4"


def load(ledger: Ledger, given_lists: list[list[Annotation | BadRow]], prefix: str) -> list[int]:
    headers = [PlanHeader(f"{prefix}{n}", f"{prefix}{n}", "{}", "r", f"{prefix}{n}") for n in range(len(given_lists))]
    plans = zip(headers, given_lists, strict=True)
    return [ledger.load(header, items, path_of).plan_id for header, items in plans]


def lose_some(ledger: Ledger, plans: list[int]) -> None:
    """The first two videos are gone."""
    session = ledger.start_session(1, "{}", "{}")
    gone = Failure(Reason.PRIVATE, "Private video", Stage.RESOLVE)
    for job in ledger.next_jobs(plans, 1, 2, (), session):
        attempts = tuple(Attempt(want.clip, gone, "youtube", "direct", Cost(0, 0, 0, 0, 0), "t") for want in job.wanted)
        ledger.record(Outcome(job, attempts), session, 2, lambda _reason, _tries: None)


def facts(summary: object, *left_out: str) -> dict[str, object]:
    return {name: getattr(summary, name) for name in summary.__slots__ if name not in left_out}


@settings(max_examples=25, deadline=None)
@given(lists, lists)
def test_looking_ahead_counts_what_a_load_then_counts(before, wanted):
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "d"
        with Ledger.open(directory) as ledger:
            lose_some(ledger, load(ledger, before, "before"))
        with Ahead(directory) as ahead:
            for items in wanted:
                ahead.add(items)
            seen, totals = ahead.count()
        with Ledger.open(directory) as ledger:
            plans = load(ledger, wanted, "wanted")
            loaded = [ledger.summary(plan) for plan in plans]
            assert totals == ledger.totals(plans)
        assert [facts(item, "plan_id") for item in seen] == [facts(item, "plan_id") for item in loaded]
