from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.acknowledgements import acknowledgement
from gateway.known import Taken
from invoice_schema import forms, messages


@given(
    mtdiep=st.from_regex(forms.MTDIEP, fullmatch=True, alphabet=st.characters(codec="ascii")),
    mngui=st.from_regex(forms.MNGUI, fullmatch=True, alphabet=st.characters(codec="ascii")),
    mst=st.from_regex(forms.MST, fullmatch=True, alphabet=st.characters(codec="ascii")).map(forms.canonical_mst),
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    received_at=st.integers(0, 4_000_000_000_000_000),
)
def test_it_is_what_the_format_s_own_writer_writes(
    mtdiep: str, mngui: str, mst: str, sha256: str, received_at: int
) -> None:
    assert acknowledgement(Taken(mtdiep, sha256, mngui, mst, received_at)) == messages.acknowledgement(
        body_sha256=sha256, mtdiep=mtdiep, mngui=mngui, mst=mst, received_at_us=received_at
    )
