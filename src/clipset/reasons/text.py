"""The part of a raw failure text that says why, in one plain form. Pure.

Raw texts are whole logs (progress, warnings, tracebacks), Python bytes literals that a downloader of 2019 wrote into
its CSV, and sentences with typographic quotes. They also hold names that strangers chose: a rights holder may call
itself «HTTP Error 429». Such names, paths and addresses are cut out, so that only YouTube's and the tools' own words
decide.
"""

import re

_LONGEST = 20_000
"""Characters that are looked at: the end of a text, where the error is."""

_BYTES_LITERAL = re.compile(r"""[\s(]*b(['"])(?=.)""", re.DOTALL)  # or a tuple of them: (out, err)
_ESCAPE = re.compile(r"""\\(x[0-9a-fA-F]{2}|[nrt\\'"])""")
_CONTROL = {"n": "\n", "r": "\n", "t": " "}

_TYPOGRAPHY = str.maketrans(
    {
        0x2018: "'", 0x2019: "'", 0x201B: "'", 0x02BC: "'", 0x2032: "'", 0x00B4: "'", 0x0060: "'",
        0x201C: '"', 0x201D: '"',
        0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-",
        0x00A0: " ", 0x202F: " ", 0x200B: None, 0x200E: None, 0x200F: None, 0xFEFF: None,
        0x000D: "\n",
    }
)  # fmt: skip

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# A progress line ends without a line break where the error begins. Elsewhere "ERROR:" inside a line may be a title.
_PROGRESS = re.compile(r"^\[download\][ ]+[0-9.]+%.{0,120}?(?=ERROR:)", re.MULTILINE)
_NOISE = re.compile(r"^(\[(?!download\] Got error)[a-z]|WARNING:|Traceback \(|  |\t|Deprecated Feature)", re.IGNORECASE)

_NAMES = (
    (re.compile(r"(claim by) .*"), r"\1 <name>"),
    (re.compile(r"(content from) .*(, who has blocked)"), r"\1 <name>\2"),
    (re.compile(r"(members on level:?) .*"), r"\1 <name>"),
    (re.compile(r"(uploader) .* (has (?:not|blocked))"), r"\1 <name> \2"),
    (re.compile(r"Command '?\[.*\]'?"), "Command <command>"),
    (re.compile(r"""\b[a-z][a-z0-9+.-]*://[^\s'"<>]+""", re.IGNORECASE), "<url>"),
    (re.compile(r"""(?<!\w)(['"])[^'"\n]*[/\\][^'"\n]*\1"""), "<path>"),
)


def normalise(text: str) -> str:
    """The lines of `text` that tell the cause: plain quotes, no log noise, no names, paths or URLs.

    Works for torn bytes literals too. Never raises, takes time linear in the text.
    """
    text = _unescaped(text)[-_LONGEST:].translate(_TYPOGRAPHY)
    text = "\n".join(_deciding(_PROGRESS.sub("", _ANSI.sub("", text)).split("\n")))
    for pattern, replacement in _NAMES:
        text = pattern.sub(replacement, text)
    return text.strip()


def _unescaped(text: str) -> str:
    """A bytes literal as the text it stands for.

    Not ast.literal_eval: half of a torn literal is worth reading, and a hostile one may warn or raise.
    """
    opening = _BYTES_LITERAL.match(text)
    if not opening:
        return text
    body = text[opening.end() :].rstrip().removesuffix(opening[1])
    return _ESCAPE.sub(_character, body).encode("latin-1", "replace").decode("utf-8", "replace")


def _character(escape: re.Match[str]) -> str:
    code = escape[1]
    return chr(int(code[1:], 16)) if len(code) == 3 else _CONTROL.get(code, code)


def _deciding(lines: list[str]) -> list[str]:
    """Each ERROR line with the lines that continue it; without any, all that is not noise; at worst everything."""
    kept: list[str] = []
    within = False
    for line in lines:
        within = line.startswith("ERROR:") or (within and not _NOISE.match(line))
        if within:
            kept.append(line)
    kept = kept or [line for line in lines if line.strip() and not _NOISE.match(line)]
    return [line.strip() for line in kept or lines]
