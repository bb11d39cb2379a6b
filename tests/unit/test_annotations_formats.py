"""Every form of list: what it is taken for, the clips it names, and the oddities that the published ones have."""

import io
import itertools
import random

import pytest

from clipset.annotations import READERS, AnnotationError, Tally, read
from clipset.annotations.archive import open_text
from clipset.annotations.formats import recognise
from clipset.types import Annotation, BadRow

A, B, C = "abcdefghijk", "-bcdefghijk", "--_defgh_jk"
AVA_TRAIN = f"{A},12.500000,0.1,0.2,0.3,0.4,80,1\n{A},12.500000,0.1,0.2,0.3,0.4,12,1\n"
ANET = f'{{"v_{A}": {{"duration_second": 9.5, "annotations": [%s]}}, "v_{B}": {{"annotations": []}}}}'
SEGMENTS = '{"segment": [6.195294851794072, 7.5], "label": "Ballet"}, {"segment": [0, 1.25], "label": "Ballet"}'

# text, form, then (id, start s, end s, split, label) of each clip
FORMS = {
    "kinetics": (
        f'label,youtube_id,time_start,time_end,split,is_cc\n"riding a bike",{A},0,10,val,0\nabseiling,{B},5,15,val,1\n',
        "kinetics CSV",
        [(A, 0, 10, "val", "riding a bike"), (B, 5, 15, "val", "abseiling")],
    ),
    "kinetics without label": (
        f"youtube_id,time_start,time_end,split\n{C},23770,23780,holdout_test\n",
        "kinetics CSV",
        [(C, 23770, 23780, "holdout_test", None)],
    ),
    "kinetics JSON, an object": (
        f'{{"{A}": {{"annotations": {{"label": "juggling", "segment": [84.0, 94.0]}}, "subset": "validate"}}}}',
        "kinetics JSON",
        [(A, 84, 94, "validate", "juggling")],
    ),
    "kinetics JSON, a list": (
        f'{{"{A}": {{"annotations": [{{"label": "a", "segment": [1, 2]}}, {{"label": "b", "segment": [3, 4.5]}}]}}}}',
        "kinetics JSON",
        [(A, 1, 2, None, "a"), (A, 3, 4.5, None, "b")],
    ),
    "kinetics JSON Lines": (
        f'{{"youtube_id": "{A}", "time_start": 1, "time_end": 2, "label": "x"}}\n',
        "kinetics JSON Lines",
        [(A, 1, 2, None, "x")],
    ),
    "activitynet": (
        ANET % SEGMENTS,
        "ActivityNet JSON",
        [(A, 6.195, 7.5, None, "Ballet"), (A, 0, 1.25, None, "Ballet")],
    ),
    "activitynet as published": (
        (
            f'{{"version": "VERSION 1.3", "taxonomy": [{{"nodeName": "x"}}], "database": {{"{B}": {{'
            f'"subset": "training", "annotations": [{SEGMENTS}]}}}}}}'
        ),
        "ActivityNet JSON",
        [(B, 6.195, 7.5, "training", "Ballet"), (B, 0, 1.25, "training", "Ballet")],
    ),
    "HACS segments": (
        f'{{\n  "database": {{\n    "{C}": {{"annotations": [{SEGMENTS}], "subset": "training", "url": "x"}}}}}}',
        "ActivityNet JSON",
        [(C, 6.195, 7.5, "training", "Ballet"), (C, 0, 1.25, "training", "Ballet")],
    ),
    "audioset": (
        f'# YTID, start_seconds, end_seconds, positive_labels\n{B},0,10,"/m/068hy,/t/dd00004"\n{A},20,30,/m/03l9g\n',
        "AudioSet CSV",
        [(B, 0, 10, None, "/m/068hy"), (B, 0, 10, None, "/t/dd00004"), (A, 20, 30, None, "/m/03l9g")],
    ),
    "audioset as published": (
        (
            "# Segments csv created Sun Mar  5 10:54:25 2017\n# num_ytids=1, num_segs=1\n"
            f'# YTID, start_seconds, end_seconds, positive_labels\n{B}, 420.000, 430.000, "/m/03v3yw,/m/0k4j"\n'
        ),
        "AudioSet CSV",
        [(B, 420, 430, None, "/m/03v3yw"), (B, 420, 430, None, "/m/0k4j")],
    ),
    "audioset strong, headers repeated": (
        (
            "segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n"
            f"{C}_30000\t2.627\t7.237\t/m/053hz1\n"
            "segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n"
            f"{A}_0\t0.000\t10.000\t/m/04rlf\n"
        ),
        "AudioSet strong TSV",
        [(C, 32.627, 37.237, None, "/m/053hz1"), (A, 0, 10, None, "/m/04rlf")],
    ),
    "audioset strong, absent events": (
        (
            "segment_id\tstart_time_seconds\tend_time_seconds\tlabel\tpresent\n"
            f"{A}_30000\t0.960\t1.920\t/m/04rlf\tPRESENT\n{A}_30000\t0.960\t1.920\t/m/09x0r\tNOT_PRESENT\n"
        ),
        "AudioSet strong TSV",
        [(A, 30.96, 31.92, None, "/m/04rlf"), (A, 30.96, 31.92, None, "not /m/09x0r")],
    ),
    "vggsound test list": (
        f'{A}_000300.mp4,playing hammond organ\r\n{C}_000007.mp4,"bird chirping, tweeting"\r\n',
        "VGG-Sound CSV",
        [(A, 300, 310, None, "playing hammond organ"), (C, 7, 17, None, "bird chirping, tweeting")],
    ),
    "vggsound as published": (
        f'{A},30,"bird chirping, tweeting",train\n{B},0,rapping,test\n',
        "VGG-Sound CSV",
        [(A, 30, 40, "train", "bird chirping, tweeting"), (B, 0, 10, "test", "rapping")],
    ),
    "ava-kinetics": (AVA_TRAIN, "AVA CSV", [(A, 11, 14, None, "80"), (A, 11, 14, None, "12")]),
    "ava-kinetics test": (
        f"{B},0.625000\n{A},100.25\n",
        "AVA CSV",
        [(B, 0, 2.125, None, None), (A, 98.75, 101.75, None, None)],
    ),
    "ava without person": (f"{A},0902,0.077,0.151,0.283,0.811,80\n", "AVA CSV", [(A, 900.5, 903.5, None, "80")]),
    "countix": (
        (
            "video_id,class,kinetics_start,kinetics_end,repetition_start,repetition_end,count\n"
            f"{A},battle rope training,102,112,102.000000,105.770437,10\n"
        ),
        "Countix CSV",
        [(A, 102, 112, None, "battle rope training")],
    ),
    "countix test": (
        f"video_id,kinetics_start,kinetics_end,repetition_start,repetition_end,count\n{A},2,7,2.0,3.066667,3\n",
        "Countix CSV",
        [(A, 2, 7, None, None)],
    ),
    "HACS clips": (
        f"classname,youtube_id,subset,start,end,label\nArchery,{A},training,15.5,17.5,1\nArchery,{B},training,77.5,79.5,-1\n",
        "HACS CSV",
        [(A, 15.5, 17.5, "training", "Archery"), (B, 77.5, 79.5, "training", "not Archery")],
    ),
    "mmaction2, path and index": (
        f"blasting_sand/{C}_000086_000096.mp4 7\nblasting sand/{A}_000001_000011.mp4 7\n",
        "list of clip files",
        [(C, 86, 96, None, "blasting sand"), (A, 1, 11, None, "blasting sand")],
    ),
    "mmaction2, with commas and a split": (
        f"val_videos/feeding_fish/{A}_000061_000071.mp4,0\n",
        "list of clip files",
        [(A, 61, 71, "val", "feeding fish")],
    ),
    "mmaction2, frames": (
        f"abseiling/{B}_000061_000071 300 0\n",
        "list of clip files",
        [(B, 61, 71, None, "abseiling")],
    ),
    "paths alone": (f"abseiling/{B}_000061_000071.mp4\n", "list of clip files", [(B, 61, 71, None, "abseiling")]),
    "paths without suffix": (
        f"massaging person's head/{C}_000086_000096\n",
        "list of clip files",
        [(C, 86, 96, None, "massaging person's head")],
    ),
    "files in the folder of a split": (
        f"train/{A}_000001_000011.mp4 4\n",
        "list of clip files",
        [(A, 1, 11, "train", None)],
    ),
    "clips of our own with milliseconds": (
        f"val/a/{A}_000001.250_000002.000.mp4\n",
        "list of clip files",
        [(A, 1.25, 2, "val", "a")],
    ),
}


@pytest.fixture
def listed(tmp_path):
    """A file of this text."""

    def write(text: str):
        path = tmp_path / "list"
        path.write_bytes(text.encode())
        return path

    return write


def said(row: Annotation) -> tuple[str, float, float, str | None, str | None]:
    return row.video_id, row.start_us / 1e6, row.end_us / 1e6, row.split, row.label


def form(path) -> str:
    with open_text(path) as text:
        return recognise(text)


@pytest.mark.parametrize("name", FORMS)
def test_a_list_is_known_by_its_content_and_names_these_clips(name, listed):
    text, expected_form, clips = FORMS[name]
    assert form(listed(text)) == expected_form
    assert [said(row) if isinstance(row, Annotation) else row for row in read(listed(text))] == clips


@pytest.mark.parametrize("name", FORMS)
def test_no_form_but_its_own_would_take_a_list_except_the_lenient_kinetics_ones(name):
    text, expected_form, _clips = FORMS[name]
    takers = {form for form, reader in READERS.items() if reader.sniff(text)}
    assert expected_form in takers
    assert takers - {expected_form, "kinetics CSV", "kinetics JSON", "kinetics JSON Lines"} == set()


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("change", ["lines end with CR LF", "a byte-order mark", "no end of the last line"])
def test_line_ends_and_marks_change_nothing(name, change, listed):
    text, _form, clips = FORMS[name]
    if change == "lines end with CR LF":
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    text = {"a byte-order mark": "\ufeff" + text, "no end of the last line": text.rstrip("\r\n")}.get(change, text)
    assert [said(row) if isinstance(row, Annotation) else row for row in read(listed(text))] == clips


def bad(path) -> list[BadRow]:
    return [row for row in read(path) if isinstance(row, BadRow)]


BAD_ROWS = {
    "audioset, an id that a spreadsheet destroyed": (
        f"# YTID, start_seconds, end_seconds, positive_labels\n#NAME?,30,40,/m/04rlf\n{A},0,10,/m/03l9g\n",
        2,
        "destroyed by a spreadsheet",
    ),
    "audioset, a row without labels' quotes": (
        f"# YTID, start_seconds, end_seconds, positive_labels\n{A},0,10,/m/1,/m/2\n",
        2,
        "5 columns, the header 4",
    ),
    "activitynet, a segment of no length": (ANET % '{"segment": [0, 0], "label": "x"}', 0, "not after the start"),
    "activitynet, a segment that is none": (ANET % '{"segment": [1], "label": "x"}', 0, "segment is missing"),
    "strong, no segment": (
        f"segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n{A}\t1\t2\t/m/1\n",
        2,
        "no video id with milliseconds",
    ),
    "vggsound, another name": (f"{A}_000300.mp4,x\n{A}.mp4,y\n", 2, "six digits of its start"),
    "vggsound, a comma without quotes": (f"{A}_000300.mp4,x\n{B}_000300.mp4,y,z\n", 2, "3 columns"),
    "ava, no moment": (f"{A},12.5\n{B},x\n", 2, "not a number"),
    "countix, no end": (
        f"video_id,class,kinetics_start,kinetics_end\n{A},x,1,\n",
        2,
        "the end time is missing",
    ),
    "mmaction2, whole videos": (f"{A}.mp4,341\n", 1, "without start and end"),
    "mmaction2, no path of a clip": (f"a/{A}_000001_000011.mp4 0\nhello\n", 2, "no path of a clip"),
    "a row that a ; turned into a , has shifted": (
        f"label,youtube_id,time_start,time_end,split\nx,{A},0,10,val\nx,{B},0,10,val,,,a,b,c\n",
        3,
        "10 columns, the header 5",
    ),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_row_that_names_no_clip_is_reported_with_its_line(name, listed):
    text, line, message = BAD_ROWS[name]
    (found,) = bad(listed(text))
    assert (found.line, message in found.message) == (line, True), found


REFUSED = {
    "ids and labels without times": (f'{{"{A}": "abseiling", "{B}": ""}}', "missing columns"),
    "a report of downloads": (f'[["{A}_000147_000157", true, "Downloaded"]]', "no known column"),
    "ids alone": (f"{A}\n{B}\n", "no known column"),
    "scenes of Charades": ("id,subject,scene,quality\n46GP8,HR43,Kitchen,6\n", "no known column"),
    "one of the needed columns": (f"label,youtube_id\nx,{A}\n", "missing columns: time_start"),
    "a header after what ends no line": ("# a\u2028# YTID, start_seconds, end_seconds\nx,1,2,y\n", "no known column"),
    "nothing but a comment": ("# a list\n", "no known column"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_list_without_clips_is_refused_as_a_whole(name, listed):
    text, message = REFUSED[name]
    with pytest.raises(AnnotationError, match=message):
        list(read(listed(text)))


def test_what_a_form_does_not_interpret_stays_as_extra(listed):
    extras = {
        "countix": (("repetition_start", "102.000000"), ("repetition_end", "105.770437"), ("count", "10")),
        "HACS clips": (("label", "1"),),
        "ava-kinetics": (
            ("moment", "12.500000"),
            ("x1", "0.1"),
            ("y1", "0.2"),
            ("x2", "0.3"),
            ("y2", "0.4"),
            ("person", "1"),
        ),
        "mmaction2, path and index": (("label_index", "7"),),
        "mmaction2, frames": (("frames", "300"), ("label_index", "0")),
        "kinetics": (("is_cc", "0"),),
        "activitynet": (("duration_second", "9.5"),),
    }
    for name, extra in extras.items():
        assert next(read(listed(FORMS[name][0]))).extra == extra, name


def test_headers_repeated_inside_a_list_are_counted_not_read(listed):
    tally = Tally()
    list(read(listed(FORMS["audioset strong, headers repeated"][0]), tally))
    assert tally.repeated_headers == 1


def test_an_id_with_six_digits_inside_is_not_cut_there(listed):
    odd = "a_000001_bc"
    assert next(read(listed(f"{odd}_000300.mp4,x\n"))).video_id == odd
    assert next(read(listed(f"x/{odd}_000300_000310.mp4 1\n"))).video_id == odd


def test_ids_that_differ_only_in_case_are_two_videos(listed):
    rows = list(read(listed(f"{A}_000001.mp4,x\n{A.upper()}_000001.mp4,x\n")))
    assert len({row.video_id for row in rows}) == 2


TABLE = f"vid;from;till;what;part;note\n{A};1.5;3;juggling;val;n\n{B};0;10;;;\n"


@pytest.mark.parametrize(
    ("columns", "clips"),
    [
        ({"youtube_id": "vid", "start": "from", "end": "till"}, [(A, 1.5, 3, None, None), (B, 0, 10, None, None)]),
        (
            {"youtube_id": "vid", "start": "from", "duration": "till", "label": "what", "split": "part"},
            [(A, 1.5, 4.5, "val", "juggling"), (B, 0, 10, None, None)],
        ),
    ],
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_any_table_is_read_once_its_columns_are_named(columns, clips, delimiter, listed):
    path = listed(TABLE.replace(";", delimiter))
    assert [said(row) for row in read(path, columns=columns)] == clips


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"youtube_id": "vid", "start": "from", "end": "to"}, "no column 'to'; its first line has: vid, from"),
        ({"youtube_id": "vid", "start": "from"}, "either end or duration"),
        ({"youtube_id": "vid", "start": "from", "end": "till", "duration": "till"}, "either end or duration"),
        ({"start": "from", "end": "till"}, "name youtube_id"),
        ({"youtube_id": "vid", "stat": "from", "end": "till"}, "did you mean start"),
    ],
)
def test_columns_that_make_no_sense_are_a_plain_error(columns, message, listed):
    with pytest.raises(AnnotationError, match=message):
        list(read(listed(TABLE), columns=columns))


def test_one_bad_row_costs_no_neighbour_wherever_it_stands(listed):
    """Rows are read hundreds at a time; a chunk with a fault in it is read again one by one."""
    draw = random.Random(4)
    for count, place in itertools.product((499, 500, 501, 1300), (0, 1, 498, 499, 500)):
        ids = ["".join(draw.choices("abcdefgh", k=11)) for _ in range(count)]
        lines = [f"x,{video_id},0,10,val" for video_id in ids]
        lines.insert(min(place, count), draw.choice(['x,"unclosed,0,10,val', "x,too,few", f'x,{A},0,10,"a" b']))
        rows = list(read(listed("label,youtube_id,time_start,time_end,split\n" + "\n".join(lines) + "\n")))
        assert [row.video_id for row in rows if isinstance(row, Annotation)] == ids
        assert [row.line for row in rows] == list(range(2, count + 3))


def test_a_cell_of_several_lines_may_stand_across_chunks(listed):
    before = "".join(f"x,{A},{start},{start + 1},val,\n" for start in range(498))
    text = (
        f'label,youtube_id,time_start,time_end,split,note\n{before}x,{B},0,10,val,"one\ntwo\nthree"\nx,{C},0,10,val,\n'
    )
    rows = list(read(listed(text)))
    assert [(row.video_id, row.line) for row in rows[-2:]] == [(B, 500), (C, 503)]
    assert rows[-2].extra == (("note", "one\ntwo\nthree"),)


PIECES = ('"', ",", "\n", "\r", "\t", "\0", "{", "]", "null", "1e999", "-5", "é", " ", "#", "/", "_", "NaN", "\u2028")


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_list_gives_rows_or_a_plain_error_whatever_its_form(seed):
    draw = random.Random(seed)
    samples = [text for text, _form, _clips in FORMS.values()]
    for _ in range(800):
        text = draw.choice(samples)
        for _ in range(draw.randint(1, 5)):
            at = draw.randrange(len(text) + 1)
            cut = at + draw.choice((0, 0, 1, 20))
            text = text[:at] + draw.choice((*PIECES, draw.choice(samples)[: draw.randrange(60)])) + text[cut:]
        try:
            rows = list(
                READERS[recognise(io.StringIO(text, newline="\n"))].read(io.StringIO(text, newline="\n"), Tally())
            )
        except AnnotationError:
            continue
        clips = [row for row in rows if isinstance(row, Annotation)]
        assert all(0 <= row.start_us < row.end_us and len(row.video_id) == 11 for row in clips), text
