"""Write `artifacts.lock.json` anew (`make lock`): resolves Kafka's dependencies and takes the digest of every jar."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any, Final

from hoadon.artifacts import LOCK

KAFKA: Final = ("org.apache.kafka:kafka_2.13:4.4.0", "org.slf4j:slf4j-simple:1.7.36")
WEB: Final[dict[str, dict[str, str]]] = {
    "org.webjars.npm:htmx.org:2.0.10": {"htmx.min.js": "dist/htmx.min.js"},
    "org.webjars:echarts:5.5.0": {"echarts.min.js": "echarts.min.js"},
    "org.webjars:swagger-ui:5.34.1": {
        "swagger-ui-bundle.js": "swagger-ui-bundle.js",
        "swagger-ui.css": "swagger-ui.css",
    },
}


def main() -> None:
    from jgo.env import EnvironmentBuilder
    from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch) / "repository", timeout=60)
        builder = EnvironmentBuilder(context=context, cache_dir=Path(scratch) / "environments")
        builder.from_endpoint("+".join(KAFKA))
        repository = Path(scratch) / "repository"
        kafka = [_entry(_coordinates(jar, repository), jar) for jar in sorted(repository.rglob("*.jar"))]
        web = []
        for coordinates, files in WEB.items():
            group, name, version = coordinates.split(":")
            jar = context.project(group, name).at_version(version).artifact().resolve()
            root = f"META-INF/resources/webjars/{name}/{version}/"
            web.append(_entry(coordinates, jar) | {"files": {k: root + v for k, v in files.items()}})
    LOCK.write_text(json.dumps({"kafka": kafka, "web": web}, indent=1) + "\n")


def _coordinates(jar: Path, repository: Path) -> str:
    *group, name, version, _ = jar.relative_to(repository).parts
    return ":".join((".".join(group), name, version))


def _entry(coordinates: str, jar: Path) -> dict[str, Any]:
    return {"coordinates": coordinates, "sha256": hashlib.sha256(jar.read_bytes()).hexdigest()}


if __name__ == "__main__":
    main()
