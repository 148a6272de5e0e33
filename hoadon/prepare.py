"""What must be there before services start: the merchant key, the schema, the topics.

`hoadon up` runs it at every start, as a process of its own.
"""

from __future__ import annotations

import sys

import structlog

from gateway.auth import merchant_key
from hoadon.common import logging
from hoadon.common.errors import HoadonError
from hoadon.common.settings import Settings
from hoadon.process import stay_with_parent
from storage.migrate import migrate
from streams.kafka import ensure_topics


def prepare(settings: Settings) -> None:
    """Raises HoadonError if broker or store do not answer or refuse."""
    merchant_key(settings.data)
    structlog.get_logger(__name__).info("schema", applied=migrate(settings))
    ensure_topics(settings)


def main() -> int:
    stay_with_parent()
    settings = Settings()
    logging.configure("prepare", settings.log_level)
    try:
        prepare(settings)
    except HoadonError as error:
        print(f"hoadon: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
