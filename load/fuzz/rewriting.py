"""The same document written differently: what a reader of XML cannot tell apart must get the same answer.

Changed by chance: the XML declaration and what surrounds the root, order of children of different names, indentation,
line ends, blanks in tags, order and quotes of attributes, comments, CDATA sections, character references, empty tags.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from random import Random
from typing import Final

from lxml import etree

_PROLOGUES: Final = (
    "", "\ufeff", '<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n",
    '\ufeff<?xml version="1.0"?>\r\n', "<!-- > -->", '<?xml version="1.0"?><!-- <!DOCTYPE x> <?x?> <TDiep> -->\n\n',
)  # fmt: skip
_EPILOGUES: Final = ("", "", "\n", "\r\n \t", "<!-- </TDiep> -->\n")
_COMMENTS: Final = ("<!-- -->", "<!--\n\n-->", "<!---->", "<!-- <HDon> & > -->", "<!--'\"-->")
_GAPS: Final = ("", "", "\n", "\r\n", "  ", "\n\t", "\r", "\n<!-- > -->\n")
_ORDERED: Final = frozenset({"DSCKS", "CKSNNT", "TTKhac"})
"""What stands below is not the format's own: its order may mean something."""


def rewritten(root: etree._Element, chance: Random) -> bytes:
    """Another writing of a document without processing instructions and DOCTYPE."""
    writing: list[str] = [chance.choice(_PROLOGUES)]
    _element(root, chance, writing, free=True)
    writing.append(chance.choice(_EPILOGUES))
    return "".join(writing).encode()


def _element(element: etree._Element, chance: Random, writing: list[str], *, free: bool) -> None:
    tag = str(element.tag)
    if tag.startswith("{") or any(str(name).startswith("{") for name in element.attrib):
        writing.append(etree.tostring(element, encoding="unicode", with_tail=False))
        return
    free = free and tag not in _ORDERED
    children = [child for child in element if isinstance(child.tag, str)]
    writing.append(f"<{tag}{''.join(_attributes(element, chance))}{_blank(chance)}")
    if not children and not element.text and chance.random() < 0.5:
        writing.append("/>")
        return
    writing.append(">")
    if not children:
        writing += _text(element.text or "", chance)
    elif any(text and text.strip(" \t\r\n") for text in (element.text, *(child.tail for child in element))):
        writing += _text(element.text or "", chance)
        for child in children:
            _element(child, chance, writing, free=False)
            writing += _text(child.tail or "", chance)
    else:
        for child in _reordered(children, chance) if free else children:
            writing.append(chance.choice(_GAPS))
            _element(child, chance, writing, free=free)
        writing.append(chance.choice(_GAPS))
    writing.append(f"</{tag}{_blank(chance)}>")


def _reordered(children: list[etree._Element], chance: Random) -> Iterator[etree._Element]:
    """Shuffled, those of one name in their order."""
    if chance.random() < 0.5:
        yield from children
        return
    waiting: dict[object, deque[etree._Element]] = defaultdict(deque)
    for child in children:
        waiting[child.tag].append(child)
    for child in chance.sample(children, len(children)):
        yield waiting[child.tag].popleft()


def _attributes(element: etree._Element, chance: Random) -> Iterator[str]:
    names = [str(name) for name in element.attrib]
    for name in chance.sample(names, len(names)):
        quote = chance.choice("'\"")
        value = "".join(
            f"&#{ord(sign)};" if sign in f"<&{quote}\t\r\n" or chance.random() < 0.1 else sign
            for sign in str(element.attrib[name])
        )
        yield f"{chance.choice((' ', '  ', chr(10)))}{name}{_blank(chance)}={_blank(chance)}{quote}{value}{quote}"


def _blank(chance: Random) -> str:
    return chance.choice(("", "", "", "", " ", "\n", "\t"))


def _text(text: str, chance: Random) -> Iterator[str]:
    """Plain, escaped, in sections and in references, with comments between the pieces."""
    plain = chance.random() < 0.6
    at = 0
    while at < len(text):
        size = len(text) if plain else chance.choice((1, 2, 5, 20))
        piece = text[at : at + size]
        at += size
        style = chance.random()
        if style < 0.3 and not plain and "\r" not in piece and "]]>" not in piece:
            yield f"<![CDATA[{_ends(piece, chance)}]]>"
        elif style < 0.5 and not plain:
            yield _references(piece, chance)
        else:
            yield _ends(_escaped(piece, bare=style > 0.7 and "]" not in text), chance)
        if not plain and chance.random() < 0.2:
            yield chance.choice(_COMMENTS)


def _escaped(text: str, *, bare: bool) -> str:
    """`bare` leaves `>` as it is, which XML allows but in `]]>`."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("\r", "&#13;")
    return escaped if bare else escaped.replace(">", "&gt;")


def _references(text: str, chance: Random) -> str:
    return "".join(f"&#{ord(sign)};" if chance.random() < 0.5 else f"&#x{ord(sign):X};" for sign in text)


def _ends(text: str, chance: Random) -> str:
    """A line end may be written in three ways; a reader sees one."""
    return text.replace("\n", chance.choice(("\n", "\n", "\r\n", "\r")))
