"""Where views come from: built in, of the country's folder, or a file given besides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ewater import described
from ewater.accounts import view_inputs
from ewater.balance.views import compiled as reading
from ewater.errors import FaultsError, UsageError
from ewater.store.folder_schema import file_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from ewater.balance.views.compiled import Compiled
    from ewater.errors import Fault

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


def find(
    name: str | None,
    files: Files | None = None,
    frames: Mapping[str, pd.DataFrame] | None = None,
) -> Compiled:
    """Read a view: from a file that is given, else the country's own, else a built-in.

    Parameters
    ----------
    name
        Of the view; may be left out with a file.
    files
        What is given besides the registry.
    frames
        Country frames: ``views`` are the country's own.

    Raises
    ------
    UsageError
        No such view; the file is of another one.
    FaultsError
        The file is no view; every fault has its line.
    """
    own = files.view if files else None
    if own is not None:
        compiled = reading.parse(described.text_of(own, "view"), own.name)
        if name not in (None, compiled.view.view):
            raise UsageError(f"{own} is view {compiled.view.view}, not {name}")
        return compiled
    registered = of_country(frames)
    known = sorted({*reading.built_in(), *registered})
    if name is None:
        raise UsageError(f"name a view: {', '.join(known)}")
    if name in registered:
        return registered[name]
    if name not in known:
        raise UsageError(f"no view {name!r}; there are {', '.join(known)}")
    return reading.find(name)


def of_country(frames: Mapping[str, pd.DataFrame] | None) -> dict[str, Compiled]:
    """Read the views of the country's own, by name.

    Raises
    ------
    FaultsError
        One of them is no view; every fault has its line.
    """
    if frames is None or "views" not in frames:
        return {}
    rows = frames["views"]
    return {
        str(code): _parsed(str(body), f"views/{code}.yaml")
        for code, body in zip(rows["code"], rows["body"], strict=True)
    }


@lru_cache(maxsize=64)
def _parsed(body: str, file: str) -> Compiled:
    return reading.parse(body, file)


def every(frames: Mapping[str, pd.DataFrame] | None) -> dict[str, Compiled]:
    """All views there are, the country's own before built-in ones of their name."""
    built_in = {name: reading.find(name) for name in reading.built_in()}
    return built_in | of_country(frames)


def check(
    folder: Path,
    given: Mapping[str, pd.DataFrame],
    known: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Check the views of a country folder, and what it states for them.

    Parameters
    ----------
    folder
        Where the frames came from.
    given
        Its frames.
    known
        Those that are registered already.

    Raises
    ------
    FaultsError
        A file that is no view or is named otherwise, an input that no view takes or
        takes in another unit; each with file, line and column.
    """
    frames = {**(known or {}), **given}
    faults: list[Fault] = []
    views: dict[str, Compiled] = {}
    for row in _rows(frames.get("views")):
        file = f"views/{row['code']}.yaml"
        try:
            compiled = _parsed(row["body"], file)
        except FaultsError as error:
            faults += error.faults
            continue
        if compiled.view.view != row["code"]:
            says = f"is {compiled.view.view!r}; the file is {row['code']}.yaml"
            faults.append(described.one(file, 1, "view", says, "one name for both"))
        views[row["code"]] = compiled
    inputs = folder / file_name("view_inputs")
    if not faults and inputs.is_file():
        named = {name: reading.find(name) for name in reading.built_in()} | views
        try:
            view_inputs.read(inputs, view_inputs.needs(named.values()))
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)


def _rows(frame: pd.DataFrame | None) -> list[dict[str, str]]:
    return [] if frame is None else frame[["code", "body"]].to_dict("records")  # type: ignore[return-value]


def listed(frames: Mapping[str, pd.DataFrame] | None = None) -> list[dict[str, Any]]:
    """List the views: those that come with the project, and the country's own."""
    own = of_country(frames)
    return [
        {
            "view": name,
            "title": compiled.view.title.model_dump(),
            "source": compiled.view.source,
            "cells": len(compiled.cells),
            "own": name in own,
        }
        for name, compiled in sorted(every(frames).items())
    ]
