"""`python -m storage`: the embedded store alone, its settings from HOADON_… variables."""

from __future__ import annotations

import sys

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from storage.host import serve

if __name__ == "__main__":
    try:
        serve(Settings())
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
