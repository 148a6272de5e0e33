"""Put on PYTHONPATH by the drills: Python's wall clock, moved by as many seconds as stand in a file.

Python imports this at its start. Nobody but the drill knows of it: the service's code reads its clock as ever. What
reads the time in C (the engine, librdkafka, the broker) does not see the step, and monotonic clocks never see one.
"""

import mmap
import os
import struct
import time

_path = os.environ.get("HOADON_DRILL_CLOCK")
if _path:
    with open(_path, "r+b") as _file:  # noqa: PTH123 - pathlib would slow the start of every process
        _shown = mmap.mmap(_file.fileno(), 8, access=mmap.ACCESS_READ)
    _unpack = struct.Struct("<d").unpack_from
    _time, _time_ns = time.time, time.time_ns
    time.time = lambda: _time() + _unpack(_shown)[0]
    time.time_ns = lambda: _time_ns() + int(_unpack(_shown)[0] * 1e9)
