"""Which services answer now, as the instance's file names them and their own `/healthz` says."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

_TIMEOUT: Final = 1.5


@dataclass(frozen=True, slots=True)
class Service:
    """`milliseconds` until it answered; `up` false: no answer in time, or not a good one."""

    name: str
    address: str
    up: bool
    milliseconds: float


class Health:
    """Asks the services of `DATA/run/instance.json`; without that file there is nothing to ask."""

    def __init__(self, data: Path) -> None:
        self._file = data / "run" / "instance.json"
        self._session: aiohttp.ClientSession | None = None

    async def services(self) -> list[Service]:
        """All at once, in the order of a package's way."""
        addresses = named(_read(self._file))
        return list(await asyncio.gather(*(self._ask(name, address) for name, address in addresses)))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(self, name: str, address: str) -> Service:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(_TIMEOUT):
                up = await (self._http(name, address) if "://" in address else _connects(address))
        except (OSError, TimeoutError, ValueError, aiohttp.ClientError):
            up = False
        return Service(name, address, up, (time.perf_counter() - begun) * 1e3)

    async def _http(self, name: str, address: str) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar())
        path = "/ping" if name == "store" else "/healthz"
        async with self._session.get(address.rstrip("/") + path, allow_redirects=False) as answer:
            return answer.status == 200


def named(instance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and address of each service that `instance` tells of."""
    workers = instance.get("workers")
    found = [(name, instance.get(name)) for name in ("gateway", "broker")]
    found += [(f"worker-{number}", url) for number, url in enumerate(workers if isinstance(workers, list) else [], 1)]
    found += [(name, instance.get(name)) for name in ("payments", "store", "console")]
    return [(name, address) for name, address in found if isinstance(address, str)]


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


async def _connects(address: str) -> bool:
    host, _, port = address.partition(",")[0].rpartition(":")
    _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    writer.close()
    return True
