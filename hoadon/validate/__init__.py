"""`hoadon validate`: documents checked offline by the worker's own engine, with a history shared within one run.

    places ──▶ pool ──▶ work ──▶ settling ──▶ results ──▶ text, json, sarif, junit
    which      how many  parse,   what came    kept till   one writer each
    documents  processes judge    before       the end

`work` needs one document after the other and runs in as many processes as are wanted; `settling` meets what came
before, in the order given, in one process. So the output does not depend on the number of processes. Needs neither
Kafka, ClickHouse nor Java.
"""
