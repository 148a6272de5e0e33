"""How the rows of a table write provinces: by their official names, older rows as the registry wrote them."""

from __future__ import annotations

from collections.abc import Collection

from console.store import Store
from identity.provinces import PROVINCES, province_key


async def spellings(store: Store, question: str, table: str, provinces: Collection[str]) -> list[str]:
    """All spellings of some provinces (keys) that may occur; what is written anew is seen within a minute."""
    rows = await store.remembered(question, f"SELECT DISTINCT toString(province) FROM {table}")  # noqa: S608
    older = {name for (name,) in rows if province_key(name) in provinces}
    return sorted(older | {PROVINCES[key] for key in provinces if key in PROVINCES})
