"""The command `hoadon`, the supervisor of the embedded mode, and what the services share (`hoadon.common`)."""

__version__ = "0.1.0"
