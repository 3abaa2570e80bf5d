"""``python -m ewater`` is the command."""

from ewater.cli import main

main()
