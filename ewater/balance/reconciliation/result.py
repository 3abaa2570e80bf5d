"""What reconciliation says: values, tests, suspects, verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]

_IN_M3 = ("raw", "raw_u", "value", "u", "adjustment")


class Standing(IntEnum):
    """How far the rows determine a variable."""

    REDUNDANT = 0  # measured, and checked by others
    NOT_REDUNDANT = 1  # measured, and checked by nothing
    OBSERVABLE = 2  # not measured, and found from others
    UNOBSERVABLE = 3  # not measured, and left open by a loop of its like
    FIXED = 4  # given without uncertainty
    SUSPECT = 5  # measured, and set aside by the elimination


class Verdict(IntEnum):
    """What became of a period."""

    RECONCILED = 0
    SUSPECTS_REMOVED = 1  # reconciled without what is suspect
    REFUSED = 2  # the global test fails: raw values stand, and the residual
    UNTESTED = 3  # nothing is redundant, so nothing is adjusted
    CONTRADICTORY = 4  # values given as certain do not fit each other
    INFEASIBLE = 5  # bounds do not fit each other
    FAILED = 6  # adjusted although the global test fails, on request


#: Verdicts that leave a period as it was.
RAW_STANDS = (Verdict.REFUSED, Verdict.CONTRADICTORY, Verdict.INFEASIBLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A measurement that the elimination names.

    Attributes
    ----------
    period : int
        Position.
    name : str
    alike : tuple of str
        Others that no test can tell from it.
    close : tuple of str
        Others whose statistic is smaller by no more than chance explains.
    z : float
        Size of its maximum-power statistic.
    gamma_before, gamma_after, dof_after
        Global test before and after it was set aside.
    removed : bool
        False where the redundancy did not suffice to set anything aside.
    """

    period: int
    name: str
    alike: tuple[str, ...]
    close: tuple[str, ...]
    z: float
    gamma_before: float
    gamma_after: float
    dof_after: int
    removed: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reconciled:
    """Reconciled variables of all periods.

    Attributes
    ----------
    variables, rows, candidates
        Names.
    raw, raw_u, value, u : (variable, period)
        NaN where unknown; ``value`` is raw where the period is not reconciled.
    adjustment : (variable, period)
        raw - value, d of METHODS 5; NaN for what is not measured or not reconciled.
    standing : (variable, period), `Standing`
    z, z_power : (variable, period) and (candidate, period)
        Measurement test of the first fit, as d / u(d) and as maximum power.
    explained : (variable, period)
        Share of gamma of the first fit that the adjustment of each variable explains.
    active : (variable, period), int8
        -1 at its lower bound, 1 at its upper one.
    alike : (candidate, period)
        Candidates with one number cannot be told apart; -1 where none is alike.
    residual, nodal : (row, period)
        A y - b of the raw values and its test; NaN where the row has a gap.
    dependent, contradictory : (row, period), bool
        Rows that say nothing new; those of them that do not hold.
    gamma, dof, p, first_gamma, first_dof, first_p : (period,)
        Global test of what stands, and of the first fit.
    verdict : (period,), `Verdict`
    suspects : tuple of Suspect
        By period, in order of removal.
    errors : mapping of period to (variable, factor)
        Where asked for: what an error of size 1 in each factor does to the estimates.
    """

    variables: NDArray[np.str_]
    rows: NDArray[np.str_]
    candidates: NDArray[np.str_]
    matrix: Matrix
    constant: Floats
    raw: Floats
    raw_u: Floats
    value: Floats
    u: Floats
    adjustment: Floats
    standing: NDArray[np.int8]
    z: Floats
    z_power: Floats
    explained: Floats
    active: NDArray[np.int8]
    alike: NDArray[np.int64]
    residual: Floats
    nodal: Floats
    dependent: NDArray[np.bool_]
    contradictory: NDArray[np.bool_]
    gamma: Floats
    dof: NDArray[np.int64]
    p: Floats
    first_gamma: Floats
    first_dof: NDArray[np.int64]
    first_p: Floats
    verdict: NDArray[np.int8]
    suspects: tuple[Suspect, ...]
    errors: Mapping[int, Floats]

    @property
    def normalised(self) -> Floats:
        """Adjustment over the standard uncertainty of the raw value."""
        ratio = np.full(self.adjustment.shape, np.nan)
        np.divide(self.adjustment, self.raw_u, out=ratio, where=self.raw_u > 0)
        return ratio

    def residual_after(self) -> Floats:
        """Find what the rows leave with the values that stand, (row, period)."""
        return times(self.matrix, self.value) - self.constant

    def explained_of(self, row: str, period: int = 0) -> dict[str, float]:
        """Share of the residual of one row that each adjustment explains.

        The shares sum to 1 where the row has no gap and the period is reconciled.
        """
        place = int(np.flatnonzero(self.rows == row)[0])
        entries = self.matrix[[place]].tocoo()
        shares = {}
        for variable, factor in zip(entries.coords[1], entries.data, strict=True):
            change = factor * self.adjustment[variable, period]
            if np.isfinite(change):
                name = str(self.variables[variable])
                shares[name] = float(change / self.residual[place, period])
        return shares

    def groups(self, period: int = 0) -> list[tuple[str, ...]]:
        """Candidates that no test can tell apart, group by group."""
        numbers = self.alike[:, period]
        return [
            tuple(str(name) for name in self.candidates[numbers == number])
            for number in np.unique(numbers[numbers >= 0])
        ]

    def active_bounds(self, period: int = 0) -> list[str]:
        """Variables at a bound; mostly a sign of a gross error."""
        return [str(n) for n in self.variables[self.active[:, period] != 0]]

    def contradictions(self, period: int = 0) -> list[str]:
        """Rows whose certain values do not fit."""
        return [str(n) for n in self.rows[self.contradictory[:, period]]]

    def dataset(self) -> xr.Dataset:
        """As labelled arrays, without the suspects."""
        tables: dict[str, tuple[str, ...]] = {
            "variable": (*_IN_M3, "normalised", "standing", "z", "explained", "active"),
            "candidate": ("z_power", "alike"),
            "row": ("residual", "nodal", "dependent", "contradictory"),
        }
        data: dict[str, tuple[tuple[str, ...], NDArray[np.generic]]] = {
            name: ((dim, "period"), getattr(self, name))
            for dim, names in tables.items()
            for name in names
        }
        for name in ("gamma", "dof", "p", "first_gamma", "first_dof", "first_p"):
            data[name] = (("period",), getattr(self, name))
        data["verdict"] = (("period",), self.verdict)
        labels = {
            "variable": self.variables,
            "candidate": self.candidates,
            "row": self.rows,
        }
        result = xr.Dataset(data, coords=labels)
        for name in (*_IN_M3, "residual"):
            result[name].attrs["units"] = "m3"
        for name, kind in (("standing", Standing), ("verdict", Verdict)):
            result[name].attrs = {
                "flag_values": np.array(list(kind), dtype=np.int8),
                "flag_meanings": " ".join(member.name.lower() for member in kind),
            }
        return result


def times(matrix: Matrix, values: Floats) -> Floats:
    """Sparse product in which a gap makes unknown only the rows that have it."""
    gap = np.isnan(values)
    result = np.asarray(matrix @ np.where(gap, 0.0, values))
    if gap.any():
        result[(abs(matrix) @ gap.astype(float)) > 0] = np.nan
    return result
