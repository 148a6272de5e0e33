from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

from console.health import Health, named


def test_services_in_the_order_of_a_packages_way() -> None:
    instance = {
        "gateway": "http://127.0.0.1:1",
        "console": "http://127.0.0.1:2",
        "store": "http://127.0.0.1:3",
        "broker": "127.0.0.1:4",
        "workers": ["http://127.0.0.1:5", "http://127.0.0.1:6"],
        "pid": 7,
    }
    assert [name for name, _ in named(instance)] == ["gateway", "broker", "worker-1", "worker-2", "store", "console"]
    assert named({"workers": "none", "gateway": 5}) == []


def test_without_an_instance_there_is_nothing_to_ask(tmp_path: Path) -> None:
    assert asyncio.run(Health(tmp_path).services()) == []
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "instance.json").write_text("{broken")
    assert asyncio.run(Health(tmp_path).services()) == []


def test_who_answers_is_up_and_who_does_not_is_down(tmp_path: Path) -> None:
    async def main() -> dict[str, bool]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            status = b"200 OK" if head.startswith((b"GET /healthz ", b"GET /ping ")) else b"404 Not Found"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            nobody = closed.getsockname()[1]
            instance = {
                "gateway": f"http://127.0.0.1:{port}",
                "store": f"http://127.0.0.1:{port}",
                "broker": f"127.0.0.1:{port}",
                "workers": [f"http://127.0.0.1:{nobody}", "http://127.0.0.1:no-port"],
            }
            (tmp_path / "run").mkdir()
            (tmp_path / "run" / "instance.json").write_text(json.dumps(instance))
            health = Health(tmp_path)
            services = await health.services()
            await health.close()
        server.close()
        return {service.name: service.up for service in services}

    assert asyncio.run(main()) == {
        "gateway": True,
        "broker": True,
        "worker-1": False,
        "worker-2": False,
        "store": True,
    }
