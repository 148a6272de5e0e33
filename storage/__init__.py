"""The store: migrations, sink, queries, and the embedded engine behind the ClickHouse HTTP protocol.

May import hoadon.common and the tax code forms of identity; nothing above (streams, gateway, console).
"""
