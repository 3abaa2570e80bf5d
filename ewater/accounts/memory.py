"""What was made on the way to an account, so that only what changed is made again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import xarray as xr

    from ewater.balance.evaluate import Evaluation

T = TypeVar("T")


@dataclass(eq=False)
class Memory:
    """Intermediate results of one computation, for the next.

    What something is made of is compared by identity (tables of a registry are never
    altered in place), numbers and text by value. ``changed`` are the series whose
    readings are not those of the computation before; of what is made of readings,
    nothing else tells.
    """

    changed: Collection[str] = ()
    evaluation: Evaluation | None = None
    _kept: dict[str, tuple[tuple[Any, ...], Any]] = field(default_factory=dict)

    def again(
        self,
        name: str,
        of: Sequence[Any],
        make: Callable[[], T],
        series: Collection[str] = (),
    ) -> T:
        """Take what was made of the same things before, or make it.

        ``series`` are those of whose readings it is made.
        """
        kept = self._kept.get(name)
        changed = not set(self.changed).isdisjoint(series)
        if kept is None or changed or not _same(kept[0], of):
            kept = self._kept[name] = (tuple(of), make())
        made: T = kept[1]
        return made

    def by_series(
        self,
        name: str,
        of: Sequence[Any],
        codes: Sequence[str],
        make: Callable[[Sequence[str]], xr.Dataset],
    ) -> xr.Dataset:
        """Make the rows of the series that changed; all, where anything else did.

        Parameters
        ----------
        name
            Of what is made.
        of
            What it is made of besides readings.
        codes
            Series, in the order of the rows.
        make
            Makes the rows of some series, each by itself.
        """
        key = (*of, *codes)
        kept = self._kept.get(name)
        if kept is None or not _same(kept[0], key):
            found = make(codes)
        else:
            found = kept[1]
            changed = set(self.changed)
            due = [code for code in codes if code in changed]
            if due:
                found = _replaced(found, make(due))
        self._kept[name] = key, found
        return found


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(map(_equal, one, other))


def _equal(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other))
    return isinstance(one, (str, int, float)) and one == other


def _replaced(whole: xr.Dataset, part: xr.Dataset) -> xr.Dataset:
    """Put rows of some series in the place of those that were there.

    A variable that the part lacks is what only other kinds of series have: 0.
    """
    rows = pd.Index(whole["series"].to_numpy()).get_indexer(
        pd.Index(part["series"].to_numpy())
    )
    made = {}
    for name, array in whole.data_vars.items():
        values = array.transpose("series", ...).to_numpy().copy()
        values[rows] = (
            part[name].transpose("series", ...).to_numpy() if name in part else 0
        )
        made[name] = (("series", *array.dims[1:]), values, array.attrs)
    return whole.assign(made)
