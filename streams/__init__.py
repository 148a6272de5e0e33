"""From broker to store: topics and their wire format, the batch engine, the Faust worker, audit and watermark.

May import invoice_schema, identity, rules, storage and hoadon.common. Importing the package does not import Faust.
"""
