"""What a request's SQL is, as far as the host must know: its kind, its format, and where an INSERT's data begins.

The engine parses the SQL; this reads only its tokens. Everything is bytes, since data may follow an INSERT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final


class Kind(StrEnum):
    SELECT = "select"  # the engine can stream it
    SHOW = "show"  # reads, but answers at once
    INSERT = "insert"  # with data in the request
    COMMAND = "command"  # everything else: DDL, INSERT … SELECT, SET


class Refused(ValueError):
    """The statement is not let through; `code` is ClickHouse's."""

    def __init__(self, code: int, name: str, text: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text}. ({name})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Statement:
    """`sql` is what the engine gets (of an INSERT with data: without FORMAT and data); `data` what follows it."""

    kind: Kind
    sql: bytes
    format: str | None = None
    data: bytes = b""
    verb: str = ""

    def from_file(self, path: str, form: str) -> bytes:
        """An INSERT that reads its data, in format `form`, from a file of the engine's machine."""
        at = _settings(self.sql)
        source = f"FROM INFILE '{path}' COMPRESSION 'none'".encode()
        return b" ".join((self.sql[:at].rstrip(), source, self.sql[at:].rstrip(), b"FORMAT", form.encode()))


_TOKEN: Final = re.compile(
    rb"""(?P<space>\s+|--[^\n]*|\#!?[ ][^\n]*|/\*.*?\*/)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<other>[0-9][0-9A-Za-z_.]*|.)""",
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = frozenset({b"(", b"[", b"{"}), frozenset({b")", b"]", b"}"})
_SHOW = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK"})
_SELECT = frozenset({"SELECT", "WITH", "("})


def parse(text: bytes) -> Statement:
    """The one statement in `text`. Raises Refused for more than one, none, INTO OUTFILE and FROM INFILE."""
    verb = ""
    depth = 0
    words: list[tuple[str, int, int]] = []  # top-level words with their places, comments left out
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "space":
            continue
        token = match[0]
        if words and words[-1][0] == ";":
            if token != b";":
                raise Refused(62, "SYNTAX_ERROR", "Multi-statements are not allowed")
            continue
        if depth == 0 or not verb:
            word = token.decode("utf-8", "replace").upper() if match.lastgroup == "word" or token in b"();" else "?"
            words.append((word, match.start(), match.end()))
            verb = verb or word
            if verb == "INSERT" and (found := _insert(text, words)):
                return found
        if token in _OPEN:
            depth += 1
        elif token in _CLOSE:
            depth -= 1
    if not verb or verb == ";":
        raise Refused(62, "SYNTAX_ERROR", "Empty query")
    names = [word for word, _, _ in words]
    _refuse_files(names)
    if verb == "INSERT":
        return _insert_end(text, names)
    kind = Kind.SELECT if verb in _SELECT else Kind.SHOW if verb in _SHOW else Kind.COMMAND
    return Statement(kind, text, _format(text, words), verb=verb)


def _insert(text: bytes, words: list[tuple[str, int, int]]) -> Statement | None:
    """The INSERT, once the word that ends its head was seen; None before, and for INSERT … SELECT."""
    last, start, end = words[-1]
    if last == "VALUES":
        return Statement(Kind.INSERT, text[:start], "Values", text[end:], "INSERT")
    if len(words) > 3 and words[-2][0] == "FORMAT" and not _selects(words):
        _refuse_files([word for word, _, _ in words])
        return Statement(Kind.INSERT, text[: words[-2][1]], text[start:end].decode(), _data(text, end), "INSERT")
    return None


def _insert_end(text: bytes, names: list[str]) -> Statement:
    if any(name in _SELECT for name in names if name != "("):
        return Statement(Kind.COMMAND, text, verb="INSERT")
    return Statement(Kind.INSERT, text.rstrip().rstrip(b";"), None, b"", "INSERT")


def _selects(words: list[tuple[str, int, int]]) -> bool:
    return any(word in ("SELECT", "WITH") for word, _, _ in words)


def _data(text: bytes, at: int) -> bytes:
    """What follows `FORMAT Name`: after blanks and one line end, or at once (the engine's own rule)."""
    while at < len(text) and text[at : at + 1] in (b" ", b"\t", b"\r"):
        at += 1
    if text[at : at + 1] == b";":
        at += 1
    return text[at + 1 :] if text[at : at + 1] == b"\n" else text[at:]


def _format(text: bytes, words: list[tuple[str, int, int]]) -> str | None:
    """The name after the last top-level FORMAT, if only SETTINGS or the end follows it."""
    for at in range(len(words) - 2, 0, -1):
        if words[at][0] == "FORMAT" and (at + 2 == len(words) or words[at + 2][0] in ("SETTINGS", ";")):
            _, start, end = words[at + 1]
            return text[start:end].decode("utf-8", "replace")
    return None


def _settings(sql: bytes) -> int:
    """Where SETTINGS begins in the head of an INSERT, its end if there is none; a file must be named before it."""
    depth = 0
    tokens: list[tuple[bytes, int]] = []
    for match in _TOKEN.finditer(sql):
        if match.lastgroup == "space":
            continue
        depth += (match[0] in _OPEN) - (match[0] in _CLOSE)
        if depth == 0:
            tokens.append((match[0].upper(), match.start()))
    for (word, at), _, (sign, _) in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (word, sign) == (b"SETTINGS", b"="):
            return at
    return len(sql)


def _refuse_files(names: list[str]) -> None:
    for first, second in pairwise(names):
        if (first, second) in (("INTO", "OUTFILE"), ("FROM", "INFILE")):
            raise Refused(48, "NOT_IMPLEMENTED", f"{first} {second} is not allowed: the file would be the store's")


def split(script: bytes) -> list[bytes]:
    """The statements of a script, without comments and blanks around them."""
    parts: list[bytes] = []
    held: list[bytes] = []
    for match in _TOKEN.finditer(script):
        if match[0] == b";":
            parts.append(b"".join(held).strip())
            held = []
        else:
            comment = match.lastgroup == "space" and not match[0].isspace()
            held.append(b" " if comment else match[0])
    parts.append(b"".join(held).strip())
    return [part for part in parts if part]
