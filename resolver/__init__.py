"""distrofirst: Python requirements served by the Linux distribution first, the remainder pinned by hash."""

__version__ = "0.1.0"
