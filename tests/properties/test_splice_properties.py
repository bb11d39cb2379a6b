"""Whatever the order in which pictures are coded, a splice shows the span, and nothing refers to what was left out."""

from hypothesis import given
from hypothesis import strategies as st

from clipset.media.splice import Coded, plan_splice

structures = (
    st.lists(  # of mini groups: how many b-frames each has, and whether the picture they lead is an IDR picture
        st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=12
    )
)
spans = st.tuples(st.integers(0, 60), st.integers(1, 60))


def stream_of(groups: list[tuple[int, bool]], gaps: list[int]) -> list[Coded]:
    """In decoding order: what b-frames lead up to comes before them, but an IDR picture has none before it."""
    coded, shown = [Coded(0, fresh=True, referred=True)], 1
    for n, (leading, fresh) in enumerate(groups):
        anchor = shown if fresh else shown + leading
        coded.append(Coded(anchor, fresh, referred=True))
        coded += [Coded(tick, fresh=False, referred=tick % 2 == 0) for tick in range(shown, anchor)]
        shown = anchor + gaps[n % len(gaps)]
    return coded


@given(structures, st.lists(st.integers(1, 4), min_size=1, max_size=4), spans)
def test_a_splice_shows_the_span_and_refers_to_nothing_that_was_left_out(groups, gaps, span):
    pictures, (start, length) = stream_of(groups, gaps), span
    end = start + length
    splice = plan_splice(pictures, start, end)
    wanted = [i for i, picture in enumerate(pictures) if start <= picture.tick < end]
    if splice is None:
        assert not any(pictures[i].fresh for i in wanted)
        return
    assert sorted([*splice.head, *splice.body, *splice.tail]) == wanted
    parts = [[pictures[i].tick for i in part] for part in (splice.head, splice.body, splice.tail)]
    assert [tick for part in parts for tick in sorted(part)] == sorted(pictures[i].tick for i in wanted)
    assert pictures[splice.body.start].fresh
    before = set(range(pictures[splice.body.start].tick, max(parts[1]) + 1))
    assert {picture.tick for picture in pictures} & before == set(parts[1])
    for i in (*splice.head, *splice.tail):
        begin = max(n for n in range(i + 1) if pictures[n].fresh)
        needed = {n for n in range(begin, i) if pictures[n].referred} | {i}
        assert needed <= set(splice.decoded)


def test_a_picture_that_is_shown_after_one_decoded_later_is_not_the_last_to_be_taken_over():
    order = [(0, True), (4, False), (8, False), (2, False), (6, False)]
    splice = plan_splice([Coded(tick, fresh, referred=True) for tick, fresh in order], 0, 7)
    assert splice is not None
    assert (list(splice.body), splice.tail, splice.decoded) == ([0], (1, 3, 4), (0, 1, 2, 3, 4))


@given(
    st.lists(st.builds(Coded, st.integers(-2, 12), st.booleans(), st.booleans()), max_size=8),
    st.integers(0, 6),
    st.integers(2, 9),
)
def test_times_that_no_stream_can_have_give_no_splice_that_shows_something_else(pictures, start, length):
    end = start + length
    splice = plan_splice(pictures, start, end)
    if splice is not None:
        body = [pictures[i].tick for i in splice.body]
        assert all(start <= tick < end for tick in body)
        assert all(start <= pictures[i].tick < min(body) for i in splice.head)
        assert all(max(body) <= pictures[i].tick < end for i in splice.tail)
