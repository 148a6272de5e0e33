"""The share of messages that cannot be processed: above a limit the fault is not in the data, and the worker ends.

What was found dead before is read from the store at the start, so that a worker that is started again and again does
not creep through the topic, some letters at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from clickhouse_connect.driver.client import Client

from storage.errors import explaining
from streams.engine import DeadLetter, Message

LEAST: Final = 200
WINDOW: Final = 2_000

_STORED: Final = """
SELECT partition, first_offset, last_offset FROM progress
WHERE topic = {topic:String} AND kind = 'batch' AND written_at > now64(6) - INTERVAL 1 DAY
ORDER BY written_at DESC, partition, first_offset DESC LIMIT {window:UInt32}
"""

_DEAD: Final = """
SELECT partition, offset FROM dead_letters FINAL
WHERE topic = {topic:String} AND status = 'dead' AND found_at > now64(6) - INTERVAL 1 DAY
ORDER BY found_at DESC LIMIT 1 BY partition, offset LIMIT {window:UInt32}
"""


class TooManyDead(RuntimeError):
    """So many messages cannot be processed that the fault is not in the data; the process ends, the topic stays."""


class DeadShare:
    """The share of dead messages among the last ones, judged from `least` messages on; `most` is 0…1.

    A dead package counts by its share of the bytes of its message. `before` are the shares of earlier messages.
    """

    def __init__(self, most: float, before: Iterable[float] = (), *, least: int = LEAST, window: int = WINDOW) -> None:
        self._most, self._least = most, least
        self._dead: deque[float] = deque(before, maxlen=window)

    def count(self, messages: Sequence[Message], dead: Iterable[DeadLetter]) -> None:
        """Raises TooManyDead if the limit is passed among the last messages and among these.

        A batch below the limit goes through whatever was before it: the cause may be mended.
        """
        shares = dict.fromkeys(((m.partition, m.offset) for m in messages), 0.0)
        for letter in dead:
            at = letter.message.partition, letter.message.offset
            size = len(letter.message.value or b"")
            shares[at] = min(1.0, shares[at] + (len(letter.body) / size if size else 1.0))
        self._dead.extend(shares.values())
        seen, lost = len(self._dead), sum(self._dead)
        if seen >= self._least and lost > self._most * seen and sum(shares.values()) > self._most * len(shares):
            raise TooManyDead(f"{lost:.0f} of the last {seen} messages cannot be processed")


def before(client: Client, topic: str, window: int = WINDOW) -> list[float]:
    """What the store knows of the last `window` messages of any worker: 1 for one with a dead letter, else 0.

    Letters sent again do not count, nor what is older than a day. Raises StoreUnavailable.
    """
    asked = {"topic": topic, "window": window}
    with explaining:
        ranges = client.query(_STORED, asked).result_rows
        dead = {(partition, offset) for partition, offset in client.query(_DEAD, asked).result_rows}
    places: dict[tuple[int, int], float] = {}
    for partition, first, last in ranges:
        for offset in range(last, first - 1, -1):
            if len(places) == window:
                break
            places[partition, offset] = float((partition, offset) in dead)
    return list(reversed(places.values()))
