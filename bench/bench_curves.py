"""Where the bytes lie within a unit of a video: what `clipset.media.reach` goes by when it predicts where a span ends.

    python -m bench.bench_curves VIDEO...

Pictures are encoded anew as YouTube's are (H.264 and VP9, 360 lines, groups of at most five seconds), sound is taken as
it came and as Opus of 128 kbit/s. For pictures: which part of a group must be read to have its first 0, 10, ... 90 % of
the time, least, median and most. For sound: how far the sizes within ten seconds lie from a line, at most.
"""

import io
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, pairwise
from statistics import median

import av

Packets = list[tuple[float, int, bool]]  # time shown, in seconds; bytes; keyframe
PICTURES = {
    "libx264": ("mp4", {"preset": "medium", "bf": "2"}, 500_000),
    "libvpx-vp9": ("webm", {"deadline": "good", "cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "16"}, 300_000),
}
SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
FRAMES_MAX, GROUP_FRAMES, SOUND_S = 512, 125, 10


def packets_of(file: str | io.BytesIO, kind: str) -> Packets:
    with av.open(file) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        found = [packet for packet in container.demux(stream) if packet.size and packet.pts is not None]
        return [(float(p.pts * p.time_base), p.size, p.is_keyframe) for p in found]


def pictures_again(path: str, codec: str) -> io.BytesIO:
    form, options, bit_rate = PICTURES[codec]
    out = io.BytesIO()
    with av.open(path) as source, av.open(out, "w", format=form) as target:
        shown = source.streams.video[0]
        stream = target.add_stream(codec, rate=25, options=options)
        scale = 360 / min(shown.width, shown.height)
        stream.width, stream.height = (int(side * scale) // 2 * 2 for side in (shown.width, shown.height))
        stream.pix_fmt, stream.bit_rate, stream.gop_size = "yuv420p", bit_rate, GROUP_FRAMES
        for n, frame in zip(range(FRAMES_MAX), source.decode(shown), strict=False):
            picture = frame.reformat(stream.width, stream.height, "yuv420p")
            picture.pts, picture.time_base = n, Fraction(1, 25)
            target.mux(stream.encode(picture))
        target.mux(stream.encode(None))
    out.seek(0)
    return out


def sound_again(path: str) -> io.BytesIO:
    out = io.BytesIO()
    with av.open(path) as source, av.open(out, "w", format="webm") as target:
        stream = target.add_stream("libopus", rate=48_000, layout="stereo", bit_rate=128_000)
        resampler = av.AudioResampler("flt", "stereo", 48_000, frame_size=960)
        for frame in source.decode(source.streams.audio[0]):
            target.mux([packet for block in resampler.resample(frame) for packet in stream.encode(block)])
        target.mux(stream.encode(None))
    out.seek(0)
    return out


def groups_of(packets: Packets) -> Iterator[Packets]:
    """Those of two seconds and more: shorter ones come of cuts."""
    starts = [i for i, packet in enumerate(packets) if packet[2]] + [len(packets)]
    for start, end in pairwise(starts):
        if end - start >= 2 * 25:
            yield packets[start:end]


def needed_share(group: Packets, share: float) -> float:
    times, sizes = [time for time, _, _ in group], [size for _, size, _ in group]
    end_s = min(times) + share * (max(times) + 0.04 - min(times))
    last = max((i for i, time in enumerate(times) if time < end_s), default=0)
    return sum(sizes[: last + 1]) / sum(sizes)


def farthest_from_line(packets: Packets) -> float:
    """Over all whole stretches of ten seconds, and one shorter one if there is none."""
    farthest, per_stretch = 0.0, sum(time < SOUND_S for time, _, _ in packets)
    for start in range(0, max(1, len(packets) - per_stretch + 1), per_stretch):
        sizes = [size for _, size, _ in packets[start : start + per_stretch]]
        sums = enumerate(accumulate(sizes), 1)
        farthest = max(farthest, *(abs(total / sum(sizes) - n / len(sizes)) for n, total in sums))
    return farthest


def report(path: str) -> None:
    print(path)
    for codec in PICTURES:
        groups = list(groups_of(packets_of(pictures_again(path, codec), "video")))
        for share in SHARES if groups else ():
            found = [needed_share(group, share) for group in groups]
            print(
                f"  {codec:<11} {share:.1f}: {min(found):.2f} {median(found):.2f} {max(found):.2f}",
                len(groups),
                "groups",
            )
    print(f"  sound as it came, from a line: {farthest_from_line(packets_of(path, 'audio')):.3f}")
    print(f"  sound in Opus, from a line: {farthest_from_line(packets_of(sound_again(path), 'audio')):.3f}")


if __name__ == "__main__":
    for video in sys.argv[1:]:
        report(video)
