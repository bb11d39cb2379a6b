"""JSON member by member in constant memory, with the standard decoder.

An event parser in C was tried and is not faster (0.14 s for 65,000 entries either way), but hostile lists kill it:
a number of 4,301 digits is a segmentation fault, nesting costs memory by its square, `NaN` ends the file.
"""

import json
import re
from collections.abc import Iterator
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, NoReturn, TextIO

from clipset.annotations.fields import shown
from clipset.annotations.reader import AnnotationError, FieldError

_CHUNK_CHARS = 256 * 1024
_AHEAD_CHARS = 64 * 1024  # an entry of the published lists has 300
MAX_VALUE_CHARS = 16 * 1024 * 1024
_UNFINISHED_CHARS = 16  # the longest token that a cut can spoil is -Infinity
_CUT_OFF = "the file ends in the middle; fetch it again"
_OPEN = re.compile(r"\s*\{\s*")
_KEY = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+")\s*:\s*', re.DOTALL)
_NEXT = re.compile(r"\s*,\s*")
_CLOSE = re.compile(r"\s*\}\s*")


class Number(str):
    """The text of a JSON number, as written: no rounding, and no limit on its digits."""

    __slots__ = ()


DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number, strict=False)


def json_text(value: object) -> str:
    """The value as JSON, numbers as they were written. Raises FieldError when it is nested too deeply."""
    try:
        return _json_text(value)
    except RecursionError as error:
        raise FieldError("a value is nested too deeply") from error


def _json_text(value: object) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join([f"{_quoted(key)}: {_json_text(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json_text, value)) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def members(text: TextIO, inside: str | None = None) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) of the one object that `text` holds, in order, a key that stands twice twice.

    With `inside`, those of the object that stands under this key; the values beside it are passed over.
    Raises AnnotationError where the text is no such object, with the last good key.
    """
    window = _Window(text)
    if inside is None:
        yield from window.members()
    else:
        for key in window.each_key():
            if key == inside:
                yield from window.members()
            else:
                window.value()
    window.expect_end()


class _Window:
    """The part of the text around the value at hand."""

    def __init__(self, text: TextIO) -> None:
        self._source = text
        self._text = ""
        self._at = 0
        self._key = ""

    def members(self) -> Iterator[tuple[str, Any]]:
        """(key, value) of the object at hand."""
        for key in self.each_key():
            yield key, self.value()

    def each_key(self) -> Iterator[str]:
        """The keys of the object at hand; the value of each must be taken before the next one is asked for."""
        self._expect(_OPEN, "an opening {")
        if self._skip(_CLOSE) is None:
            yield self._take_key()
            while self._skip(_NEXT) is not None:
                yield self._take_key()
            self._expect(_CLOSE, "a comma or the closing }")

    def _take_key(self) -> str:
        match = self._skip(_KEY)
        if match is None:
            self._fail(_CUT_OFF if self._text.startswith('"', self._at) else "a key in quotes is missing")
        self._key = self._decoded(match.group(1))
        return self._key

    def _decoded(self, key: str) -> str:
        try:
            return key[1:-1] if "\\" not in key else str(DECODER.decode(key))
        except json.JSONDecodeError as error:
            self._fail(error.msg)

    def _skip(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        if len(self._text) - self._at < _AHEAD_CHARS:
            self._more(_CHUNK_CHARS)
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match

    def _expect(self, pattern: re.Pattern[str], what: str) -> None:
        if self._skip(pattern) is None:
            self._fail(f"{what} is missing")

    def expect_end(self) -> None:
        if self._at < len(self._text) or self._more(1):
            self._fail("text follows the closing }")

    def value(self) -> Any:
        while True:
            try:
                value, self._at = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                self._more_for(error)
            except RecursionError:
                self._fail("the value is nested too deeply")
            else:
                return value

    def _more_for(self, error: json.JSONDecodeError) -> None:
        """Read on if the value may only be cut off by the end of the window; doubling, so that the cost is linear."""
        cut_off = error.msg.startswith("Unterminated") or error.pos > len(self._text) - _UNFINISHED_CHARS
        length = len(self._text) - self._at
        if length > MAX_VALUE_CHARS:
            self._fail(f"the value is longer than {MAX_VALUE_CHARS:,} characters")
        if not cut_off:
            self._fail(error.msg)
        if not self._more(max(length, _CHUNK_CHARS)):
            self._fail(_CUT_OFF)

    def _more(self, chars: int) -> bool:
        chunk = self._source.read(chars)
        if chunk:
            self._text = self._text[self._at :] + chunk
            self._at = 0
        return bool(chunk)

    def _fail(self, fault: str) -> NoReturn:
        if self._at >= len(self._text):
            fault = _CUT_OFF
        where = f" at or after the entry {shown(self._key)!r}" if self._key else ""
        raise AnnotationError(f"is not valid JSON{where}: {fault}")
