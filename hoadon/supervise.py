"""`hoadon up`: start an embedded instance, keep it running, stop it in order and leave nothing behind.

The supervisor holds a lock on the data directory. Each service is a process group of its own whose leader dies with
the supervisor; its output goes to `DIR/logs/NAME.log`, its process id to `DIR/run/NAME.pid`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from hoadon import status
from hoadon.common import metrics
from hoadon.common.clock import now_us, rfc3339
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.instance import Files, bound_log, last_line, replace
from hoadon.process import Child, check_port, ended, start_child
from hoadon.services import LOOPBACK, Plan, Service, plan

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 18.0
_START_TRIES: Final = 5
_FIRST_DELAY, _LONGEST_DELAY, _STABLE_SECONDS = 0.2, 30.0, 30.0
_LOOK, _PROBE, _LOGS = 0.1, 2.0, 5.0
_LEFTOVER_PATIENCE: Final = 3.0


class Backoff:
    """Delays before a service is started again: doubling, forgotten once it ran `_STABLE_SECONDS`."""

    def __init__(self) -> None:
        self._failures = 0

    def delay(self, ran: float) -> float:
        """Seconds to wait after a run of `ran` seconds."""
        self._failures = 0 if ran >= _STABLE_SECONDS else self._failures
        self._failures += 1
        return float(min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (self._failures - 1)))


class Supervised:
    """One service: its process, whether it is ready, how often it was started again."""

    def __init__(
        self, service: Service, files: Files, environment: Mapping[str, str], tell: Callable[[str], None]
    ) -> None:
        self.service = service
        self._files = files
        self._environment = {**environment, **service.environment}
        self._tell = tell
        self._process: Child | None = None
        self._started = 0.0
        self._up = metrics.SERVICE_UP.labels(service=service.name)
        self._restarts = metrics.SERVICE_RESTARTS.labels(service=service.name)
        self._up.set(0)

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises UsageError if it refuses or is not ready in time."""
        begun = time.monotonic()
        backoff = Backoff()
        tries = 1
        self._spawn()
        while not await self._probe():
            code = self._ended()
            if code == 2 or (code is not None and tries == _START_TRIES) or time.monotonic() - begun > START_SECONDS:
                log = self._files.log(self.service.name)
                raise UsageError(f"{self.service.name} did not start: {last_line(log)} (log: {log})")
            await asyncio.sleep(_LOOK)
            if code is not None:
                await asyncio.sleep(backoff.delay(0))
                tries += 1
                self._spawn()
        self._tell(f"{self.service.address:<28} ready after {time.monotonic() - begun:.1f} s")

    async def keep(self) -> None:
        """Start it again whenever it ends, until cancelled."""
        backoff = Backoff()
        ready, next_probe = True, time.monotonic() + _PROBE
        while True:
            await asyncio.sleep(_LOOK)
            code = self._ended()
            if code is not None:
                self._up.set(0)
                delay = backoff.delay(time.monotonic() - self._started)
                self._tell(f"[yellow]{_how(code)}, started again in {delay:.1f} s[/]")
                await asyncio.sleep(delay)
                ready = False
                self._restarts.inc()
                try:
                    self._spawn()
                except OSError as error:
                    self._tell(f"[red]cannot be started: {error.strerror}[/]")
            elif not ready or time.monotonic() >= next_probe:
                was, ready = ready, await self._probe()
                next_probe = time.monotonic() + _PROBE
                if ready and not was:
                    self._tell(f"ready again after {time.monotonic() - self._started:.1f} s")

    async def stop(self, seconds: float) -> None:
        """SIGTERM, after `seconds` SIGKILL; its whole process group is gone afterwards."""
        process = self._process
        if process is None:
            return
        until = time.monotonic() + seconds
        process.terminate()
        while self._ended() is None:
            if time.monotonic() > until:
                self._tell(f"[yellow]did not stop within {seconds:.0f} s, killed[/]")
                process.kill()
                until = float("inf")
            await asyncio.sleep(_LOOK / 4)
        self._up.set(0)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _spawn(self) -> None:
        log = self._files.log(self.service.name)
        self._process = start_child(
            "hoadon", self.service.arguments, self._environment, log, niceness=self.service.niceness
        )
        self._started = time.monotonic()
        replace(self._files.pid(self.service.name), f"{self._process.pid}\n")

    def _ended(self) -> int | None:
        return None if self._process is None else ended(self._process)

    async def _probe(self) -> bool:
        ready = self._ended() is None and await asyncio.to_thread(self.service.is_ready)
        self._up.set(int(ready))
        return ready


def _how(code: int) -> str:
    return f"ended by a signal ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"


class Supervisor:
    """Runs one plan from start to stop."""

    def __init__(self, planned: Plan, files: Files, console: Console) -> None:
        self._plan = planned
        self._files = files
        self._console = console
        self._services = {
            service.name: Supervised(service, files, planned.environment, partial(self._tell, service.name))
            for service in planned.services
        }
        self._started_at = rfc3339(now_us())
        self._hurry = False

    async def run(self) -> None:
        """Until SIGTERM, SIGINT or SIGHUP (a second one kills at once). Raises UsageError if one does not start."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        hang_up = () if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else (signal.SIGHUP,)
        for number in (signal.SIGTERM, signal.SIGINT, *hang_up):
            loop.add_signal_handler(number, self._stop_asked, asked)
        work = asyncio.create_task(self._work())
        waiting = asyncio.create_task(asked.wait())
        try:
            await asyncio.wait((work, waiting), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            work.cancel()
            waiting.cancel()
            await asyncio.gather(work, waiting, return_exceptions=True)
            await self._stop()

    def _stop_asked(self, asked: asyncio.Event) -> None:
        if asked.is_set():
            self._hurry = True
            for supervised in self._services.values():
                supervised.kill()
        else:
            self._tell("hoadon", "stopping")
        asked.set()

    async def _work(self) -> None:
        begun = time.monotonic()
        self._write_instance(ready=False)
        async with status.serve(LOOPBACK, self._plan.settings.metrics_port), _first_error() as keepers:
            keepers.create_task(self._bound_logs())
            await self._start(keepers, self._plan.base, _prepare(self._plan, self._files))
            await self._start(keepers, self._plan.core)
            await self._start(keepers, self._plan.demo)
            self._write_instance(ready=True)
            where = self._plan.instance
            self._tell("hoadon", f"[bold green]ready after {time.monotonic() - begun:.1f} s[/]; Ctrl-C stops it")
            self._tell("hoadon", f"watch it on {where['console']}, data in {self._plan.settings.data}")
            passwords = self._plan.settings.data / "first-passwords.txt"
            if passwords.exists() and not self._plan.settings.demo:
                self._tell("hoadon", f"sign in as officer; the password is in {passwords}")

    async def _start(
        self, keepers: asyncio.TaskGroup, services: Iterable[Service], *beside: Coroutine[Any, Any, None]
    ) -> None:
        """Start services side by side, with what else is to be done meanwhile; each is kept from when it is ready."""

        async def start(supervised: Supervised) -> None:
            await supervised.start()
            keepers.create_task(supervised.keep())

        async with _first_error() as group:
            for work in (*(start(self._services[service.name]) for service in services), *beside):
                group.create_task(work)

    async def _stop(self) -> None:
        begun = time.monotonic()
        for stage in self._plan.stopping:
            left = max(0.0, STOP_SECONDS - (time.monotonic() - begun))
            ends = (self._services[s.name].stop(0 if self._hurry else min(s.stop_seconds, left)) for s in stage)
            await asyncio.gather(*ends)
        self._files.clear()
        self._tell("hoadon", f"stopped after {time.monotonic() - begun:.1f} s")

    async def _bound_logs(self) -> None:
        while True:
            for service in self._plan.services:
                with contextlib.suppress(OSError):  # a full disk must not stop the services too
                    bound_log(self._files.log(service.name))
            await asyncio.sleep(_LOGS)

    def _write_instance(self, *, ready: bool) -> None:
        state: dict[str, Any] = {"pid": os.getpid(), "ready": ready, "started_at": self._started_at}
        self._files.write({**self._plan.instance, **state})

    def _tell(self, name: str, what: str) -> None:
        with contextlib.suppress(OSError):  # nobody may read it any more
            self._console.print(f"[cyan]{escape(name):<10}[/] {what}", soft_wrap=True, highlight=False)


@contextlib.asynccontextmanager
async def _first_error() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the first error itself, not a group of them."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _prepare(planned: Plan, files: Files) -> None:
    """Bring schema and topics up to date, in a process that ends (its libraries are not the supervisor's to carry)."""
    path = files.log("prepare")
    bound_log(path)
    process = start_child("hoadon.prepare", _accounts(planned), planned.environment, path)
    try:
        code = await asyncio.to_thread(process.wait)
    finally:
        process.kill()
    if code != 0:
        raise UsageError(f"schema and topics could not be prepared: {last_line(path)} (log: {path})")


def up(settings: Settings, *, workers: int, offset: int, console: Console) -> None:
    """Run an embedded instance until SIGTERM or SIGINT. Raises UsageError if a precondition does not hold."""
    planned = plan(settings, workers, offset)
    files = Files(planned.settings.data)
    files.create()
    held = files.lock()
    patience = _LEFTOVER_PATIENCE if files.instance.exists() else 0.0
    for service in planned.services:
        for host, port, what in service.ports:
            check_port(host, port, what, patience)
    check_port(LOOPBACK, planned.settings.metrics_port, "supervisor", patience)
    _ensure_keys(planned.settings)
    try:
        asyncio.run(Supervisor(planned, files, console).run())
    finally:
        os.close(held)


def _accounts(planned: Plan) -> tuple[str, ...]:
    """An instance with a store of its own has accounts of its own to begin with."""
    return ("--accounts",) if any(service.name == "store" for service in planned.base) else ()


def _ensure_keys(settings: Settings) -> None:
    """Make the keys on the first start. A store that is there needs the keys it was written with, not new ones."""
    from identity.keys import KeyProblem, ensure_keys
    from streams.keys import directory, keyring, kms

    where = directory(settings)
    try:
        if settings.keys is None and not (settings.data / "store").exists():
            ensure_keys(where, kms(settings))
    except (KeyProblem, OSError) as error:
        raise UsageError(f"cannot make keys in {where}: {error}") from error
    keyring(settings)
