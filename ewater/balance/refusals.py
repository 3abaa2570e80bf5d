"""Inputs that cannot be meant, refused by name before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr

_SHOWN = 5


def check_volumes(data: xr.Dataset, by: str, *, u: Iterable[str]) -> None:
    """Check volumes and their uncertainties.

    Parameters
    ----------
    data
        ``volume`` and the variables in ``u``, by the dimension ``by``.
    by
        ``source`` or ``account``: what each row is called.
    u
        Names of standard uncertainties. NaN is unknown, and no fault.

    Raises
    ------
    UsageError
        A unit is not m3; a label occurs twice; a volume is infinite; an uncertainty
        is negative or infinite. The message names the rows.
    """
    unit = data["volume"].attrs.get("units", "m3")
    if unit != "m3":
        raise UsageError(
            f"volumes by {by} are in {unit}; the balance works in m3: convert them"
        )
    labels = pd.Index(data[by].to_numpy())
    if not labels.is_unique:
        twice = labels[labels.duplicated()].unique()
        raise UsageError(f"{by} {_some(twice)} occurs twice; give each once")
    infinite = np.isinf(data["volume"].transpose(by, ...).to_numpy())
    if infinite.any():
        raise UsageError(
            f"the volume of {by} {_some(labels[infinite.any(axis=1)])} is infinite; "
            "NaN says that it is not known"
        )
    for name in u:
        table = data[name].transpose(by, ...).to_numpy()
        wrong = (table < 0) | np.isinf(table)
        if wrong.any():
            rows = wrong.reshape(labels.size, -1).any(axis=1)
            raise UsageError(
                f"{name} of {by} {_some(labels[rows])} is negative or infinite; a "
                "standard uncertainty is neither, and NaN says that it is not known"
            )


def _some(labels: Iterable[object]) -> str:
    names = [str(label) for label in labels]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
