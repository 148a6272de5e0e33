"""One run of `hoadon validate`, from the arguments to the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Final

from hoadon.common.errors import UsageError
from hoadon.validate.options import Context, Options
from hoadon.validate.places import Place, places
from hoadon.validate.pool import checked, jobs_for
from hoadon.validate.results import Spool
from hoadon.validate.settling import Late, Settling
from hoadon.validate.tally import Tally
from hoadon.validate.work import Checked
from hoadon.validate.writer import Output, Writer

_PROGRESS_FROM: Final = 50


def run(paths: Sequence[str], context: Context, options: Options) -> int:
    """Check `paths` and print the result; 1 if a finding of severity P or E was made, else 0. Raises UsageError."""
    found = places(paths, context.limits.max_body)
    jobs = options.jobs or jobs_for(found)
    settling = Settling(complete=len(found) > 1)
    with Spool() as spool:
        with closing(_with_progress(checked(found, context, jobs), len(found))) as batches:
            for batch in batches:
                for document in settling.settle(batch):
                    spool.add(document)
        output = sys.stdout.buffer
        try:
            tally = _tell(spool, found, settling.close(context.received), _writer(output, context, options), options)
            output.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())  # what is buffered has nowhere to go
            raise UsageError("standard output was closed before its end") from None
    return 0 if tally.good else 1


def _tell(spool: Spool, found: Sequence[Place], late: Late, writer: Writer, options: Options) -> Tally:
    tally = Tally()
    writer.begin()
    for number, (document, place) in enumerate(zip(spool, found, strict=True)):
        report = (document.with_late(late[number]) if number in late else document).report(options.lang)
        tally.add(report, document.hdons)
        writer.document(report, place)
    writer.end(tally)
    return tally


def _writer(output: Output, context: Context, options: Options) -> Writer:
    if options.form == "json":
        from hoadon.validate.as_json import JsonWriter

        return JsonWriter(output)
    if options.form == "sarif":
        from hoadon.validate.sarif import SarifWriter

        return SarifWriter(output, options.lang, context.limits.max_body)
    if options.form == "junit":
        from hoadon.validate.junit import JunitWriter

        return JunitWriter(output)
    from hoadon.validate.terminal import terminal
    from hoadon.validate.text import TextWriter

    return TextWriter(output, terminal(sys.stdout), options, context.limits.max_body)


def _with_progress(batches: Generator[Checked, None, None], documents: int) -> Generator[Checked, None, None]:
    """A bar on a terminal, for work that takes a while."""
    if documents < _PROGRESS_FROM or not sys.stderr.isatty():
        yield from batches
        return
    from hoadon.validate.progress import bar

    with bar(documents) as advance:
        for batch in batches:
            yield batch
            advance(len(batch.documents))
