"""Values of queries and paths, checked. What is malformed is a problem, or simply unknown."""

from __future__ import annotations

import math
import re
from typing import Final

from starlette.requests import Request

from gateway.problems import Problem
from invoice_schema import forms
from storage.queries import InvoiceKey

_SECONDS: Final = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_MTDIEP: Final = re.compile(forms.MTDIEP, re.ASCII)
_MST: Final = re.compile(forms.MST, re.ASCII)
_KHMSHDON: Final = re.compile(r"[1-9]", re.ASCII)
_KHHDON: Final = re.compile(r"[A-Za-z0-9]{1,8}", re.ASCII)
_SHDON: Final = re.compile(r"0{0,50}\d{1,8}", re.ASCII)


def wait_seconds(request: Request, most: float) -> float:
    """`?wait=SECONDS`, 0 without it; more than `most` counts as `most`. Raises Problem bad-parameter."""
    if not request.scope["query_string"]:
        return 0.0
    values = request.query_params.getlist("wait")
    if not values:
        return 0.0
    if len(values) > 1 or not _SECONDS.fullmatch(values[0]) or not math.isfinite(float(values[0])):
        raise Problem(
            "bad-parameter", name="wait", vi="số giây không âm, ví dụ 10 hoặc 2.5", en="seconds such as 10 or 2.5"
        )
    return min(float(values[0]), most)


def sha256(request: Request) -> str:
    """`?sha256=HEX` in lower case. Raises Problem bad-parameter."""
    values = request.query_params.getlist("sha256")
    if len(values) != 1 or not _SHA256.fullmatch(values[0]):
        raise Problem("bad-parameter", name="sha256", vi="64 chữ số thập lục phân", en="64 hexadecimal digits")
    return values[0].lower()


def mtdiep(request: Request) -> str | None:
    """MTDiep of the path, None where it has not its form."""
    text: str = request.path_params["mtdiep"]
    return text if _MTDIEP.fullmatch(text) else None


def invoice_key(request: Request) -> InvoiceKey | None:
    """(canonical MST, KHMSHDon, KHHDon, SHDon) of the path, None where no invoice can have it."""
    values = [str(request.path_params[name]).strip() for name in ("mst", "khmshdon", "khhdon", "shdon")]
    if not all(form.fullmatch(value) for form, value in zip((_MST, _KHMSHDON, _KHHDON, _SHDON), values, strict=True)):
        return None
    mst, khmshdon, khhdon, shdon = values
    return forms.canonical_mst(mst), khmshdon, khhdon, int(shdon)
