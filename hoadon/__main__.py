"""`python -m hoadon`."""

from hoadon.cli import main

main()
