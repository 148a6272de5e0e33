"""Writes the vectors: `python -m tests.vectors.make`. The files are what counts; README.md tells the convention.

A case starts from a sound package and spoils one thing. Where the rule has a tolerance or a window there is a pair of
cases, on the edge and just beyond.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.vectors.cases import (
    buyers,
    corrections,
    dates,
    envelope,
    goods,
    hostile,
    keys,
    near,
    past,
    payments,
    registered,
    schema,
    signatures,
    sums,
    vat,
    words,
)
from tests.vectors.parts import Vectors

HERE = Path(__file__).parent


def _write(vectors: Vectors) -> None:
    for code in {name.partition("/")[0] for name in (*vectors.bodies, *vectors.payments)}:
        shutil.rmtree(HERE / code, ignore_errors=True)
        (HERE / code).mkdir()
    for name, body in vectors.bodies.items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / f"{name}.xml").write_bytes(body)
    for name, told in vectors.payments.items():
        (HERE / name).mkdir(exist_ok=True)
        (HERE / name / "payments.json").write_text(json.dumps(told, indent=1) + "\n")
    (HERE / "vectors.toml").write_text(_toml(vectors))


def _toml(vectors: Vectors) -> str:
    def value(thing: object) -> str:
        if isinstance(thing, Mapping):
            return "{ " + ", ".join(f"{key} = {value(item)}" for key, item in thing.items()) + " }"
        if isinstance(thing, (list, tuple)):
            return "[" + ", ".join(map(value, thing)) + "]"
        return str(thing) if isinstance(thing, int) else f'"{thing}"'

    tables = {
        "received_at": ("When the package arrives; without it no rule sees a time of receipt.", vectors.received_at),
        "outages": ("The declared outages; without them no rule sees any.", vectors.outages),
        "registry": ("The taxpayers; without it no rule sees a registry.", vectors.registry),
        "also": (
            "Other findings of severity P or E, or of PAY, that the case cannot be without.",
            vectors.also,
        ),
        "data": ("The data of the finding, word for word.", vectors.data),
    }
    parts = ["# Made by make.py. What a vector needs besides its document."]
    for name, (comment, entries) in tables.items():
        parts += ["", f"# {comment}", f"[{name}]"]
        parts += [f'"{_path(case)}" = {value(thing)}' for case, thing in sorted(entries.items())]
    return "\n".join(parts) + "\n"


def _path(case: str) -> str:
    return case.rstrip("/") if case.endswith("/") else f"{case}.xml"


def main() -> None:
    vectors = Vectors()
    for family in (
        envelope.texts, envelope.envelope, schema.schema, keys.keys, registered.registered, vat.vat, goods.goods,
        sums.sums, words.words, near.near, dates.dates, corrections.corrections, past.past, buyers.buyers,
        payments.payments, signatures.packages, signatures.invoices, hostile.hostile,
    ):  # fmt: skip
        family(vectors)
    _write(vectors)


if __name__ == "__main__":
    main()
