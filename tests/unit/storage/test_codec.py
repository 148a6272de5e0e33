from __future__ import annotations

import gzip
import zlib

import lz4.frame  # type: ignore[import-untyped]
import pytest
import zstandard

from storage import codec

PACK = {
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}
DATA = b"hoadon " * 10_000


@pytest.mark.parametrize("encoding", codec.ENCODINGS)
def test_several_frames_are_one_body(encoding: str) -> None:
    assert codec.unpack(PACK[encoding](DATA) + PACK[encoding](b"more"), encoding, 10**6) == DATA + b"more"


@pytest.mark.parametrize("encoding", codec.ENCODINGS)
def test_bomb_stops_at_the_limit(encoding: str) -> None:
    with pytest.raises(codec.TooLarge):
        codec.unpack(PACK[encoding](bytes(10**7)), encoding, 10**6)


@pytest.mark.parametrize("encoding", codec.ENCODINGS)
@pytest.mark.parametrize("damage", [b"no such thing", PACK])
def test_damaged_body(encoding: str, damage: object) -> None:
    body = damage if isinstance(damage, bytes) else PACK[encoding](DATA)[:-9]
    with pytest.raises(codec.BadEncoding):
        codec.unpack(body, encoding, 10**6)


def test_unknown_encoding() -> None:
    with pytest.raises(codec.BadEncoding):
        codec.unpack(b"x", "br", 10)


@pytest.mark.parametrize("encoding", ["", *codec.ENCODINGS])
@pytest.mark.parametrize("parts", [[], [b"a"], [DATA, DATA]])
def test_packed_parts_come_back(encoding: str, parts: list[bytes]) -> None:
    packer = codec.packer(encoding)
    packed = b"".join([packer.pack(part) for part in parts] + [packer.finish()])
    assert codec.unpack(packed, encoding, 10**6) == b"".join(parts)


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("lz4,zstd,br", "lz4"), ("br, GZIP;q=0.5", "gzip"), ("br", ""), ("", "")]
)
def test_first_known_encoding_is_chosen(accepted: str, encoding: str) -> None:
    assert codec.choose(accepted) == encoding
