from __future__ import annotations

import asyncio
import io
import json
import time
from datetime import datetime

from gateway.accesslog import AccessLog


def test_one_line_of_json_for_each_request_with_the_time_of_the_request() -> None:
    stream = io.BytesIO()

    async def main() -> float:
        log = AccessLog(stream)
        log.add("POST", "/v1/packages", 202, 0.00123, "0a1b")
        log.add("BREW", "unknown", 404, 0.5, "")
        asked = time.time()
        assert stream.getvalue() == b""
        await asyncio.sleep(0.4)
        return asked

    asked = asyncio.run(main())
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert abs(datetime.fromisoformat(first.pop("timestamp")).timestamp() - asked) < 0.2
    assert first == {
        "service": "gateway", "event": "request", "method": "POST", "route": "/v1/packages",
        "status": 202, "ms": 1.23, "key": "0a1b",
    }  # fmt: skip
    assert (second["method"], second["status"], second["key"]) == ("OTHER", 404, "")
