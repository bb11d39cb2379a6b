"""The rows and the videos of `clipset demo`: a small list with everything that makes real lists hard. Pure data."""

from fractions import Fraction

from clipset.rehearsal.media import Layout
from clipset.rehearsal.scenario import MediaFault, MediaFaultKind, Scenario, Video

_HEADER = "label,youtube_id,time_start,time_end,split,is_cc"
_ROWS = """\
jumping jacks,-rehearsal1,3,13,train,1
jumping jacks,-rehearsal1,15,25,train,1
massaging person's head,--rehearse2,10,20,val,0
massaging person's head,--rehearse2,25,35,val,0
passing American football (not in game),Rehearsal03,0,10,train,1
passing American football (in game),Rehearsal03,12,22,train,1
clapping,Rehearsal04,5,15,train,0
applauding,Rehearsal04,5,15,train,0
bouncing on trampoline,Rehearsal05,10,20,test,1
juggling balls,Rehearsal06,2,12,val,1
juggling balls,Rehearsal06,20,30,val,1
juggling balls,Rehearsal06,45,55,val,1
catching or throwing frisbee,Rehearsal07,20,30,train,0
catching or throwing baseball,Rehearsal08,20,30,train,0
shaking head,Rehearsal09,7,17,train,0
tai chi,Rehearsal10,120,130,val,1
pumping fist,Rehearsal11,31,41,train,0
tap dancing,Rehearsal12,64,74,test,0
robot dancing,Rehearsal13,8,18,train,0
building cabinet,Rehearsal14,11,21,train,1
dribbling basketball,Rehearsal15,4,14,test,0
dribbling basketball,Rehearsal15,18,28,test,0
side kick,_-rehearse-,10,20,val,1
somersaulting,Rehearsal17,6,16,train,1
"""
_NTSC, _FILM = Fraction(30_000, 1001), Fraction(24_000, 1001)
_PROGRESSIVE, _DASH, _WEBM = (18,), (134, 140), (243, 251)


def demo_rows() -> str:
    """A Kinetics CSV of 24 rows that name 23 clips: 17 can be had, one of them shorter than its span."""
    return f"{_HEADER}\n{_ROWS}"


def demo_scenario() -> Scenario:
    """17 videos of 20 to 60 s at 360p; five are gone in five ways, one is too short for its clip."""
    return Scenario(videos={**_playable(), **_difficult(), **_gone()}, default=Video(outcome="unavailable"))


def _playable() -> dict[str, Video]:
    return {
        "-rehearsal1": Video(duration_s=30, itags=_PROGRESSIVE),
        "--rehearse2": Video(duration_s=40, fps=Fraction(30), itags=_DASH),
        "Rehearsal03": Video(duration_s=24, fps=_NTSC, itags=_PROGRESSIVE),
        "Rehearsal04": Video(duration_s=25, itags=_DASH),
        "Rehearsal05": Video(duration_s=22, fps=_FILM, itags=_WEBM),
        "Rehearsal06": Video(duration_s=60, itags=_PROGRESSIVE, layout=Layout.TAIL),
        "_-rehearse-": Video(duration_s=20, fps=_FILM, itags=_DASH),
    }


def _difficult() -> dict[str, Video]:
    stale = MediaFault(kind=MediaFaultKind.STALE, times=1)
    cut = MediaFault(kind=MediaFaultKind.CUT, times=2, offset_bytes=40_000)
    return {
        "Rehearsal07": Video(duration_s=27, itags=_PROGRESSIVE),  # 7 of 10 s are there
        "Rehearsal08": Video(duration_s=22, itags=_PROGRESSIVE),  # 2 of 10 s
        "Rehearsal14": Video(duration_s=25, itags=_PROGRESSIVE, outcome="made_for_kids"),
        "Rehearsal15": Video(duration_s=30, itags=_PROGRESSIVE, media_faults=(cut,)),
        "Rehearsal17": Video(duration_s=20, itags=_PROGRESSIVE, media_faults=(stale,)),
    }


def _gone() -> dict[str, Video]:
    outcomes = ("removed", "private", "terminated", "copyright", "unavailable")
    return {f"Rehearsal{number:02d}": Video(outcome=outcome) for number, outcome in enumerate(outcomes, start=9)}
