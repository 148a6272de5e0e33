"""The message format of cash-register e-invoices: parser, schema, field table, columns, and the answers 999 and 204.

Pure: imports nothing of ours, does no I/O beyond its own packaged files, knows no clock and no settings.
"""
