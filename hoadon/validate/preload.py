"""What the server of worker processes loads before it makes the first one."""

from importlib import import_module

from hoadon.lean import leave_out_pandas

leave_out_pandas()
import_module("hoadon.validate.work")
