"""What is made of each measured series by itself: rates, volumes, spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from ewater.series import calendars, donors, pumps, stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from ewater.accounts.memory import Memory
    from ewater.accounts.pipeline import Needs
    from ewater.series.calendars import Calendar
    from ewater.series.stages import Rated

    Frames = Mapping[str, pd.DataFrame]
    Bounds = NDArray[np.int64]

#: Tables that say, besides readings, what a series shows.
_TABLES = ("series", "sites", "pumps", "meter_events")


class Alone:
    """Series of an account, each made of its own readings; remembered by series.

    Attributes
    ----------
    series
        Country frame; stages among them are now discharges.
    wanted
        Codes of those that volumes are made of, and of donors.
    of
        What they are made of besides readings and periods.
    """

    def __init__(
        self, frames: Frames, readings: xr.Dataset, needed: Needs, memory: Memory
    ) -> None:
        self.frames, self.readings, self.needed = frames, readings, needed
        self.memory = memory
        self.wanted = sorted({*needed.volumes, *needed.donors})
        curves = frames["curves"]
        self._ratings = curves[curves["kind"] == "rating"]
        # a storage curve is nothing to a discharge
        self.of = [
            *(frames.get(name) for name in _TABLES),
            self._ratings.to_csv(index=False),
        ]
        self._done: dict[tuple[str, ...], Rated] = {}
        self.series = memory.again("stages", self.of, self._as_discharges)

    def volumes(
        self, name: str, bounds: Bounds, codes: Sequence[str] | None = None
    ) -> xr.Dataset:
        """Observed volumes of some series, by default of those of the flows.

        ``name`` is that under which they are remembered.
        """
        return self.memory.by_series(
            name,
            [*self.of, bounds],
            self.needed.volumes if codes is None else codes,
            lambda due: self._volumes(self._rated(due), bounds),
        )

    def observed(self, bounds: Bounds) -> xr.Dataset:
        """Observed volumes of the flows, with what ratings add to them."""

        def make(due: Sequence[str]) -> xr.Dataset:
            rated = self._rated(due)
            found = self._volumes(rated, bounds)
            given, sites = self.frames["series"], self.frames["sites"]
            return stages.beyond(found, rated, given, bounds, sites)

        of = [*self.of, bounds]
        return self.memory.by_series("observed", of, self.needed.volumes, make)

    def rates(self, days: Bounds) -> xr.DataArray:
        """Daily mean rates of all that may fill a gap, or has one."""

        def make(due: Sequence[str]) -> xr.Dataset:
            rated = self._rated(due)
            found = donors.daily_rates(
                rated.readings, rated.series, days, **self._beside()
            )
            return found.to_dataset(name="rate")

        return self.memory.by_series("rates", [*self.of, days], self.wanted, make)[
            "rate"
        ]

    def span(self, codes: Iterable[str]) -> NDArray[np.int64]:
        """First and last reading of each of some series, microseconds UTC."""
        time = self.readings["time"].to_numpy().astype("M8[us]", copy=False)
        ends = np.array(
            [
                end
                for a, b in _runs(self.readings, codes)
                if b > a
                for end in (a, b - 1)
            ],
            dtype=np.intp,
        )
        return np.asarray(time.view(np.int64)[ends])

    def _rated(self, codes: Sequence[str]) -> Rated:
        """Take readings of some series, stages turned into discharge."""
        key = tuple(codes)
        if key not in self._done:
            chosen = select(self.readings, codes)
            given = self.frames["series"]
            self._done[key] = stages.rated(chosen, given, self._ratings)
        return self._done[key]

    def _as_discharges(self) -> pd.DataFrame:
        none = xr.Dataset(
            {
                "row_size": ("series", np.zeros(len(self.wanted), np.int64)),
                **{
                    name: ("reading", array.to_numpy()[:0])
                    for name, array in self.readings.data_vars.items()
                    if array.dims == ("reading",)
                },
            },
            coords={"series": self.wanted},
        )
        return stages.rated(none, self.frames["series"], self._ratings).series

    def _volumes(self, rated: Rated, bounds: Bounds) -> xr.Dataset:
        return pumps.volumes(rated.readings, rated.series, bounds, **self._beside())

    def _beside(self) -> dict[str, Any]:
        """Tables that say, besides readings, what a series shows."""
        frames = self.frames
        return {"pumps": frames.get("pumps"), "events": frames["meter_events"]}


def whole(
    times: NDArray[np.int64],
    bounds: Bounds,
    calendar: Calendar,
    step: Literal["day", "month"],
) -> Bounds:
    """Days or months, of whole months, that hold some times and all periods."""
    ends = np.concatenate([bounds[[0, -1]], times])
    first, last = calendars.local_days(calendar, np.array([ends.min(), ends.max()]))
    start, end = first.astype("M8[M]"), last.astype("M8[M]") + 1
    return calendars.bounds(
        calendar, start.astype("M8[D]").item(), end.astype("M8[D]").item(), step
    )


def select(readings: xr.Dataset, codes: Iterable[str]) -> xr.Dataset:
    """Take the readings of some series; one without readings stays, empty."""
    wanted = list(codes)
    if wanted == [str(code) for code in readings["series"].values]:
        return readings
    return select_last([readings], wanted)


def select_last(given: Sequence[xr.Dataset], codes: Iterable[str]) -> xr.Dataset:
    """Take the readings of some series, each from the last dataset that has it."""
    wanted = list(codes)
    runs = [(0, 0, 0)] * len(wanted)
    for n, readings in enumerate(given):
        has = set(map(str, readings["series"].values))
        for place, (a, b) in enumerate(_runs(readings, wanted)):
            if wanted[place] in has:
                runs[place] = (n, a, b)
    sizes = np.array([b - a for _, a, b in runs], dtype=np.int64)
    joined = _joined(runs)
    columns = {
        name: (
            "reading",
            _taken([one[name].to_numpy() for one in given], joined),
            array.attrs,
        )
        for name, array in given[0].data_vars.items()
        if array.dims == ("reading",)
    }
    return xr.Dataset(
        {"row_size": ("series", sizes), **columns}, coords={"series": wanted}
    )


def _runs(readings: xr.Dataset, codes: Iterable[str]) -> list[tuple[int, int]]:
    """Begin and end of the readings of each series; equal where it has none."""
    size = readings["row_size"].values
    ends = np.cumsum(size)
    place = dict(
        zip(
            map(str, readings["series"].values),
            zip((ends - size).tolist(), ends.tolist(), strict=True),
            strict=True,
        )
    )
    return [place.get(code, (0, 0)) for code in codes]


def _joined(runs: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Join runs that follow one another in the same dataset."""
    found: list[tuple[int, int, int]] = []
    for n, a, b in runs:
        if b == a:
            continue
        if found and found[-1][0] == n and found[-1][2] == a:
            found[-1] = (n, found[-1][1], b)
        else:
            found.append((n, a, b))
    return found


def _taken(
    columns: Sequence[NDArray[Any]], runs: Sequence[tuple[int, int, int]]
) -> NDArray[Any]:
    if len(runs) == 1:
        n, a, b = runs[0]
        return columns[n][a:b]
    return np.concatenate([columns[0][:0], *(columns[n][a:b] for n, a, b in runs)])
