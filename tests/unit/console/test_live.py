from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from console.live import STALE_SECONDS, Answer, Live, Unanswered
from hoadon.common.clock import now_us


class Question:
    """Counts how often it was asked; answers the count, or fails."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.asked = 0
        self.seconds = seconds
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.asked


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(body(), 10)

    asyncio.run(main())


async def until(live: Live[int], wanted: Callable[[Answer[int]], bool]) -> Answer[int]:
    for _ in range(500):
        answer = await live.get()
        if wanted(answer):
            return answer
        await asyncio.sleep(0.01)
    raise TimeoutError


def test_many_viewers_are_one_question() -> None:
    async def body() -> None:
        question = Question(0.02)
        live = Live("q", question, every=30)
        answers = await asyncio.gather(*(live.get() for _ in range(50)))
        assert {answer.value for answer in answers} == {1}
        assert (await live.get()).value == 1
        assert question.asked == 1

    run(body)


def test_nobody_looks_nothing_is_asked() -> None:
    async def body() -> None:
        question = Question()
        live = Live("q", question, every=0.01)
        await live.get()
        await asyncio.sleep(0.3)
        assert question.asked == 1
        await until(live, lambda answer: answer.value == 2)

    run(body)


def test_a_costly_question_is_asked_more_seldom() -> None:
    async def body() -> None:
        question = Question(0.2)
        live = Live("q", question, every=0.01)
        for _ in range(25):
            await live.get()
            await asyncio.sleep(0.02)
        assert question.asked == 1

    run(body)


def test_a_slow_question_does_not_keep_the_page_waiting() -> None:
    async def body() -> None:
        live = Live("q", Question(5), every=0.01, patience=0.05)
        answer = await live.get()
        assert (answer.value, answer.error, answer.state(now_us())) == (None, "too_slow", "error")

    run(body)


def test_a_failure_keeps_the_last_answer_and_says_why() -> None:
    async def body() -> None:
        question = Question()
        live = Live("q", question, every=0.001)
        first = await live.get()
        assert first.error == ""
        question.error = Unanswered("unavailable")
        second = await until(live, lambda answer: answer.error == "unavailable")
        assert (second.value, second.as_of) == (first.value, first.as_of)
        question.error = ZeroDivisionError()
        await until(live, lambda answer: answer.error == "failed")
        question.error = None
        await until(live, lambda answer: answer.error == "")

    run(body)


def test_states() -> None:
    now = now_us()
    old = now - int(STALE_SECONDS * 1e6) - 1
    assert Answer(None, None, "unavailable").state(now) == "error"
    assert Answer(1, now).state(now) == "ok"
    assert Answer(1, now, "unavailable").state(now) == "ok"
    assert Answer(1, old, "unavailable").state(now) == "stale"
    assert Answer(1, old).state(now) == "ok"
