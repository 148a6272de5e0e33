"""The catalogue as a page: `python -m rules.page > docs/rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rules import law
from rules.catalogue import RULES
from rules.rule import Rule

_HEAD = """# The rules

Made by `python -m rules.page` from the declarations in `rules/`; `hoadon rules CODE` prints one of them.

Severity **P** refuses the package (told in the 999, or in a 204 with LTBao 9), **E** rejects the invoice (told in the
204, the others of the package stand), **W** accepts and flags, **I** accepts and notes. Kind **doc** needs the document
only, **ctx** also the time of receipt, the registry or what came before. The law is chosen by the issue date `NLap`:
A until 2025-05-31, B until 2026-06-30, C from then on.

A rule is named by its code everywhere; `MLoi`, four characters, names it in the messages 999 and 204.
"""


def lines() -> Iterator[str]:
    yield _HEAD
    yield "| code | MLoi | severity | kind | finding when |"
    yield "| --- | --- | --- | --- | --- |"
    for rule in RULES.values():
        link = f"[{rule.code}](#{rule.code.lower()})"
        yield f"| {link} | `{rule.mloi}` | {rule.severity} | {rule.kind} | {rule.title.en} |"
    for rule in RULES.values():
        yield from _section(rule)
    yield "\n## The reduced VAT rate\n"
    yield "8 % is allowed on these days (VAT-02):\n"
    yield "| from | until | law |"
    yield "| --- | --- | --- |"
    for window in law.VAT_8:
        yield f"| {window.first} | {window.last} | {window.basis} |"


def _section(rule: Rule) -> Iterator[str]:
    yield f"\n## {rule.code}\n"
    yield f"{rule.title.vi} · {rule.title.en} · severity {rule.severity}, {rule.kind}\n"
    for lang in ("vi", "en"):
        message, hint = (getattr(text, lang) for text in (rule.message, rule.hint))
        yield f"- {lang}: {message} *{hint}*"
    yield f"- Example: `{rule.example}`"
    for regime, basis in rule.basis.items():
        yield f"- Law{f', regime {regime}' if regime else ''}: {basis}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
