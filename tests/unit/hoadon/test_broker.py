"""The broker's cluster id can be an argument of its own."""

from __future__ import annotations

import re
import uuid

import pytest

from hoadon import broker


def test_no_id_begins_with_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    dashed = uuid.UUID(bytes=b"\xfb" + bytes(15), version=4)
    plain = uuid.UUID(bytes=bytes(16), version=4)
    drawn = iter((dashed, dashed, plain))
    monkeypatch.setattr(uuid, "uuid4", lambda: next(drawn))
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", broker.cluster_id())
    assert next(drawn, None) is None
