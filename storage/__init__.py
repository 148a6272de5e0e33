"""The store: migrations, sink, queries, and the embedded engine behind the ClickHouse HTTP protocol.

May import hoadon.common and, of the pure packages, invoice_schema and identity for the forms and masks of codes;
nothing above (streams, gateway, console).
"""
