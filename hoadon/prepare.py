"""What must be there before services start: the merchant key, the officers' first accounts, the schema, the topics.

`hoadon up` runs it at every start, as a process of its own, beside the starting broker and store: it waits for them.
"""

from __future__ import annotations

import sys
import time
from typing import Final

import structlog

from console.access.accounts import ensure_accounts
from gateway.auth import merchant_key
from hoadon.common import logging
from hoadon.common.errors import HoadonError, Unavailable
from hoadon.common.settings import Settings
from hoadon.process import stay_with_parent
from storage.migrate import migrate
from streams.kafka import ensure_topics

ACCOUNTS: Final = "--accounts"
PATIENCE_SECONDS: Final = 60.0


def prepare(settings: Settings, patience: float = PATIENCE_SECONDS, *, accounts: bool = False) -> None:
    """Raises Unavailable if broker or store do not answer within `patience` seconds, UsageError if they refuse."""
    until = time.monotonic() + patience
    merchant_key(settings.data)
    if accounts:
        ensure_accounts(settings.data)
    while True:
        try:
            applied = migrate(settings)
            break
        except Unavailable:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
    structlog.get_logger(__name__).info("schema", applied=applied)
    ensure_topics(settings, patience=max(1.0, until - time.monotonic()))


def main() -> int:
    stay_with_parent()
    settings = Settings()
    logging.configure("prepare", settings.log_level)
    try:
        prepare(settings, accounts=ACCOUNTS in sys.argv)
    except HoadonError as error:
        print(f"hoadon: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
