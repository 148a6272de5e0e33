"""The officers' console: server-rendered pages, the same as JSON below `/api/v1`, and nothing that needs a build.

`pages/` route a request and choose what to show, `queries/` ask the store one typed question each, `params` reads and
writes the URL (the only view state), `live` shares every answer among all open pages.

May import hoadon.common, storage, identity (masking) and rules (titles); nothing imports the console.
"""
