"""Run the steps one after the other; what a step gave, and whether it can be relied upon."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from load.report import Report
from load.suite.steps import Step

Status = Literal["fine", "missed", "failed"]
_LONGEST: Final = 3 * 3_600.0
_STOP_SECONDS: Final = 90.0
_LAST_LINES: Final = 5


class Done(msgspec.Struct, frozen=True):
    """A step that was run. `missed`: it measured, but not what was asked was kept; `failed`: there are no figures.

    `told` is what it printed, `why` the last lines of what it said where it is not fine.
    """

    step: Step
    command: list[str]
    status: Status
    seconds: float
    told: str
    why: str = ""
    result: Any = None

    @property
    def report(self) -> Report:
        """Of a bench step with figures."""
        return msgspec.convert(self.result, Report)


def run(steps: Sequence[Step], directory: Path, *, resume: bool, say: Callable[[str], None]) -> Iterator[list[Done]]:
    """All that is done so far, after each step. With `resume`, a step that is fine in `directory` is not run again, and
    its rate serves steps that need it."""
    done: list[Done] = []
    for number, step in enumerate(steps, 1):
        where = directory / "steps" / step.name
        kept = _kept(where) if resume else None
        if kept is None or kept.step != step:
            say(f"{number}/{len(steps)} {step.name} …")
            before = next((one for one in done if one.step.name == step.rate_of), None)
            if before is None and resume:
                before = _kept(directory / "steps" / step.rate_of)
            kept = _run(step, before, where)
            where.mkdir(parents=True, exist_ok=True)
            (where / "done.json").write_bytes(msgspec.json.encode(kept))
        say(f"{number}/{len(steps)} {step.name}: {kept.status}, {kept.seconds:.0f} s {kept.why}".rstrip())
        done.append(kept)
        yield done


def _kept(where: Path) -> Done | None:
    try:
        found = msgspec.json.decode((where / "done.json").read_bytes(), type=Done)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if found.status == "fine" else None


def _run(step: Step, before: Done | None, where: Path) -> Done:
    """`before` is the step whose rate is wanted."""
    file = where / "report.json"
    arguments = [*step.arguments, *(("--out", str(where)) if step.bench else ("--json", str(file)))]
    if step.rate_of:
        if before is None or before.result is None:
            return Done(step, arguments, "failed", 0.0, "", f"there is no rate: {step.rate_of} has none")
        arguments += ["--rate", f"{before.result['rate'] * step.share:.1f}"]
    where.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    began = time.monotonic()
    code = _call(arguments, where)
    seconds = round(time.monotonic() - began, 1)
    told, said = ((where / name).read_text(errors="replace").strip() for name in ("out.txt", "err.txt"))
    try:
        result = msgspec.json.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError):
        last = " / ".join([*told.splitlines(), *said.splitlines()][-_LAST_LINES:])
        return Done(step, arguments, "failed", seconds, told, f"exit code {code}: {last}")
    if code:
        return Done(step, arguments, "missed", seconds, told, told.splitlines()[-1] if told else "", result)
    return Done(step, arguments, "fine", seconds, told, "", result)


def _call(arguments: Sequence[str], where: Path) -> int:
    with (where / "out.txt").open("wb") as out, (where / "err.txt").open("wb") as err:
        process = subprocess.Popen([sys.executable, "-m", *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            return process.wait(_LONGEST)
        except subprocess.TimeoutExpired:
            return _stop(process)
        except BaseException:
            _stop(process)
            raise


def _stop(process: subprocess.Popen[bytes]) -> int:
    """With time to stop what it started."""
    process.terminate()
    try:
        return process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
