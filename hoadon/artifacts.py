"""What hoadon needs that PyPI does not carry: Kafka's jars, and the browser libraries of its pages (WebJars).

`artifacts.lock.json` pins each by Maven coordinates and SHA-256. A file is fetched once, into the user's cache
directory, and its digest is checked before every use; afterwards everything works offline.

`python -m hoadon.artifacts` fetches all of them and unpacks the browser libraries (`make run` calls it).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from hoadon.common.errors import HoadonError, UsageError

LOCK: Final = Path(__file__).with_name("artifacts.lock.json")
_PARALLEL: Final = 8
_TIMEOUT_SECONDS: Final = 60
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Artifact:
    """One jar. `files` maps the name of a file to unpack to its path in the jar (empty: used as a jar)."""

    coordinates: str
    sha256: str
    files: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"


def locked(group: str) -> list[Artifact]:
    """The artifacts of one group of the lock file: `kafka` or `web`."""
    return [Artifact(**entry) for entry in json.loads(LOCK.read_bytes())[group]]


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/hoadon`, or `.cache/hoadon` below the user's home directory."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = _home() / ".cache"
    return base / "hoadon"


def _home() -> Path:
    home = Path(os.environ.get("HOME", ""))
    if home.is_absolute():
        return home
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError as error:
        raise UsageError("no home directory to keep downloads in: set XDG_CACHE_HOME to a directory") from error


def kafka_jars() -> list[Path]:
    """Kafka's class path; every jar is there and has its pinned digest. Raises UsageError."""
    return fetch(locked("kafka"))


def web_files(target: Path | None = None) -> list[Path]:
    """Unpack the browser libraries below `console/static/vendor`, unless they are there. Raises UsageError."""
    directory = target or _vendor_dir()
    stamp = directory / ".lock-sha256"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    artifacts = locked("web")
    names = [directory / name for artifact in artifacts for name in artifact.files]
    if all(path.is_file() for path in (stamp, *names)) and stamp.read_text() == digest:
        return names
    jars = fetch(artifacts)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for artifact, jar in zip(artifacts, jars, strict=True):
            with zipfile.ZipFile(jar) as archive:
                for name, member in artifact.files.items():
                    _write(directory / name, archive.read(member))
        _write(stamp, digest.encode())
    except OSError as error:
        raise UsageError(f"cannot write {directory}: {error.strerror}") from error
    return names


def _vendor_dir() -> Path:
    spec = find_spec("console")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("the package `console` is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "static" / "vendor"


def fetch(artifacts: Sequence[Artifact]) -> list[Path]:
    """Paths of the artifacts in the cache, in order; what is missing or damaged is fetched. Raises UsageError."""
    directory = cache_dir()
    missing = [artifact for artifact in artifacts if _digest(directory / artifact.name) != artifact.sha256]
    if missing:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with (
                tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as scratch,
                ThreadPoolExecutor(_PARALLEL) as pool,
            ):
                list(pool.map(lambda artifact: _fetch_one(artifact, directory, Path(scratch)), missing))
        except OSError as error:
            raise UsageError(f"cannot write {directory}: {error.strerror}") from error
    return [directory / artifact.name for artifact in artifacts]


def _fetch_one(artifact: Artifact, directory: Path, scratch: Path) -> None:
    got = _download(artifact, scratch / artifact.sha256)
    if _digest(got) != artifact.sha256:
        raise UsageError(f"{artifact.coordinates} is not the file that hoadon pins (its SHA-256 differs): not used")
    got.replace(directory / artifact.name)


def _download(artifact: Artifact, scratch: Path) -> Path:
    """Fetch one jar, and nothing it depends on, through jgo's Maven client into a directory of its own."""
    try:
        from jgo.maven import MavenContext
    except ModuleNotFoundError as error:
        raise UsageError(
            "Kafka's jars are not here yet and jgo is not installed: pip install 'hoadon[embedded]'"
        ) from error

    group, name, version = artifact.coordinates.split(":")
    reason = ""
    for attempt in range(_TRIES):
        repository = scratch / str(attempt)
        context = MavenContext(repo_cache=repository, timeout=_TIMEOUT_SECONDS)
        try:
            path = context.resolver.download(context.project(group, name).at_version(version).artifact())
        except Exception as error:  # requests' and jgo's own; each is a download that failed
            reason = type(error).__name__
            continue
        if path is not None and _digest(path) == artifact.sha256:
            return Path(path)
        reason = "what came is not the pinned file"
    raise UsageError(
        f"cannot fetch {artifact.coordinates} from the Maven repository ({reason}); "
        "the first start needs it, later ones work offline"
    )


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(content)
    shutil.move(new, path)


def main() -> int:
    try:
        jars = kafka_jars()
        files = web_files()
    except HoadonError as error:
        print(f"hoadon: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"{len(jars)} jars in {cache_dir()}, {len(files)} browser files in {files[0].parent}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
