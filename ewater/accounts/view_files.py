"""Where views come from: built in, or files of a country."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater import described
from ewater.balance.views import compiled as reading
from ewater.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ewater.balance.views.compiled import Compiled

_INPUTS = "inputs.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What a country gives of its own: a view, and inputs; either may be absent."""

    view: Path | None = None
    inputs: Path | None = None

    @classmethod
    def of(
        cls, name: str | None, file: Path | None, inputs: Path | None = None
    ) -> Files:
        """Find both in what is given.

        Parameters
        ----------
        name
            Of the view, for a folder.
        file
            A YAML file; or a folder, itself or its folder ``views``, with
            ``NAME.yaml`` and ``inputs.csv``, either or both.
        inputs
            A CSV file, before that of the folder.

        Raises
        ------
        UsageError
            There is no such file, or nothing in the folder.
        """
        for path in (file, inputs):
            if path is not None and not path.exists():
                raise UsageError(f"there is no {path}")
        if file is None or file.is_file():
            return cls(view=file, inputs=inputs)
        folders = [folder for folder in (file, file / "views") if folder.is_dir()]
        found = {
            wanted: next((f / wanted for f in folders if (f / wanted).is_file()), None)
            for wanted in (f"{name}.yaml", _INPUTS)
        }
        if not any(found.values()):
            raise UsageError(f"{file} holds neither {name}.yaml nor {_INPUTS}")
        return cls(view=found[f"{name}.yaml"], inputs=inputs or found[_INPUTS])


def find(name: str | None, files: Files | None = None) -> Compiled:
    """Read a view: the country's own if a file is given, else a built-in one.

    Raises
    ------
    UsageError
        No such view; the file is of another one.
    FaultsError
        The file is no view; every fault has its line.
    """
    own = files.view if files else None
    if own is None:
        if name is None:
            raise UsageError(f"name a view: {', '.join(reading.built_in())}")
        return reading.find(name)
    compiled = reading.parse(described.text_of(own, "view"), own.name)
    if name not in (None, compiled.view.view):
        raise UsageError(f"{own} is view {compiled.view.view}, not {name}")
    return compiled


def listed() -> list[dict[str, Any]]:
    """List the views that come with the project."""
    return [
        {
            "view": name,
            "title": compiled.view.title.model_dump(),
            "source": compiled.view.source,
            "cells": len(compiled.cells),
        }
        for name in reading.built_in()
        for compiled in [reading.find(name)]
    ]
