"""The field table as a page: `python -m invoice_schema.page > docs/fields.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from invoice_schema.fields import FIELDS, GROUPS

_HEAD = """# The fields of an invoice

Made by `python -m invoice_schema.page` from `invoice_schema/fields.py`, the one table that extraction follows. Lengths,
code lists and presence are documented in `invoice_schema/xsd/tdiep-206.xsd`.

`text` is free text, `code` a code compared trimmed, `num` a number with up to 21 integer digits and 6 decimals, `int` a
whole number, `date` YYYY-MM-DD. An empty optional element means absent; the order of elements does not matter.
"""


def lines() -> Iterator[str]:
    yield _HEAD
    for group, path in GROUPS.items():
        yield f"\n## {group}\n"
        yield f"Below `/TDiep/DLieu/HDon{f'/{path}' if path else ''}`.\n"
        yield "| element | type | tiếng Việt | English |"
        yield "| --- | --- | --- | --- |"
        for field in FIELDS:
            if field.group == group:
                local = field.path.removeprefix(path).lstrip("/")
                yield f"| `{local}` | {field.type} | {field.vi} | {field.en} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
