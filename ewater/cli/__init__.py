"""The ``ewater`` command: a thin shell over the packages below it."""

from ewater.cli.main import main

__all__ = ["main"]
