"""Coverage-guided fuzzing with atheris (libFuzzer): bytes that reach new code are kept and mutated further."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from hoadon.common.errors import UsageError

if TYPE_CHECKING:
    from load.fuzz.checks import Failure

_MOST_BYTES: Final = 32 * 1024


class Found(Exception):
    """A property that does not hold."""

    def __init__(self, failures: list[Failure]) -> None:
        super().__init__("\n".join(f"{failure.kind}: {failure.detail}" for failure in failures))


def fuzz(seconds: int, seed: int, crashes: Path, corpus: Path | None) -> None:
    """Fuzz for `seconds` and end the process: code 0, or another after writing the input that failed to `crashes`.

    `corpus` keeps what was found interesting for the next time. Raises UsageError where atheris is missing.
    """
    try:
        import atheris
    except ImportError:
        raise UsageError(
            "coverage-guided fuzzing needs atheris, which exists for x86-64 only: pip install 'hoadon[dev]'"
        ) from None
    with atheris.instrument_imports(include=["invoice_schema", "rules", "identity", "streams.receipts"]):
        from load.fuzz import havoc
        from load.fuzz.checks import answered
        from load.fuzz.documents import corpus as packages
        from load.fuzz.documents import mutated

    def try_one(body: bytes) -> None:
        failures = answered(body)
        if failures:
            raise Found(failures)

    def mutator(body: bytes, most: int, chosen: int) -> bytes:
        chance = Random(chosen)
        kind = chance.random()
        if kind < 0.35:
            fresh: Any = atheris.Mutate(body, len(body) + 64)
        elif kind < 0.65:
            fresh = havoc.havoc(body, chance, chance.choice(packages()))
        else:
            fresh = mutated(body, chance)
        return bytes(fresh[:most])

    crashes.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        kept = corpus or Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        for number, body in enumerate(packages()):
            (kept / f"package-{number:04d}").write_bytes(body)
        dictionary = Path(scratch) / "tokens.dict"
        dictionary.write_text("".join(f'"{_quoted(token)}"\n' for token in havoc.TOKENS))
        options = [
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            f"-max_len={_MOST_BYTES}",
            f"-dict={dictionary}",
            f"-artifact_prefix={crashes}/",
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, str(kept)], try_one, custom_mutator=mutator)
        atheris.Fuzz()


def _quoted(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)
