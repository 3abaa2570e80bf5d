"""Figures of an edition as text: rounded to 1 m3, in one order."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.editions.material import edges
from ewater.accounts.pipeline import Descendants
from ewater.accounts.view_tables import Views
from ewater.accounts.views import View
from ewater.balance.account_cells import WAYS
from ewater.balance.sectors import MEASURES
from ewater.balance.views import compiled
from ewater.errors import UsageError
from ewater.terms import SECTORS, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.accounts.runs import Run

    Arrays = Mapping[str, NDArray[Any]]
    Key = tuple[str, str, str]

CELLS = "territory,period,cell,unit,value,known,u,coverage,status,missing"
FLOWS = "flow,period,volume,u,coverage,status"
STOCKS = "account,instant,volume"
_TOTALS = ("inflow", "outflow", "net_inflow", "storage_change", "residual")
_BESIDE = ("other_change", "re_entering")
#: Of a table of cells: its period and cell, then what `Figure.shown` writes.
COLUMNS = (
    "period",
    "cell",
    "unit",
    "value",
    "known",
    "u",
    "coverage",
    "status",
    "missing",
)
_DECIMALS = 6  # of what is no volume, and of coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One cell: whole m3 (other units: six decimals); None is unknown."""

    unit: str
    value: float | None
    known: float | None
    u: float | None
    coverage: float | None
    status: str
    missing: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        """Write it as a document."""
        return asdict(self) | {"missing": list(self.missing)}


def territories(run: Run, territory: str) -> list[str]:
    """Territories that an edition accounts for: this one and all its parts.

    Raises
    ------
    UsageError
        There is no such territory.
    """
    known = {str(code) for code in run.inputs.ledger.territories}
    if territory not in known:
        raise UsageError(f"there is no territory {territory!r}")
    return sorted(Descendants(run.frames["territories"])(territory) & known)


def lines(run: Run, territory: str, boundary: str) -> dict[str, list[str]]:
    """Write all figures of a run: cells, flows and stocks, each with its header."""
    view = View(run, boundary)
    periods = edges(run.bounds)
    return {
        "results/cells.csv": [CELLS, *cells(run, territory, boundary)],
        "results/flows.csv": [FLOWS, *_flows(view, periods)],
        "results/stocks.csv": [STOCKS, *_stocks(run, periods)],
    }


def cells(run: Run, territory: str, boundary: str) -> list[str]:
    """Write the cells in their order."""
    codes = territories(run, territory)
    view = View(run, boundary)
    periods = edges(run.bounds)
    found = [
        *_account(view, codes, periods),
        *_views(run, codes, periods),
    ]
    return sorted(found)


class Known:
    """What is known of the cells of one run after another, rounded as it is sealed.

    Only cells that are asked for are made, and of a run with the ledger of the one
    before only what is new.
    """

    def __init__(self, territory: str, boundary: str) -> None:
        self._of = (territory, boundary)
        self._views: Views | None = None

    def __call__(self, run: Run, wanted: Iterable[Key]) -> dict[Key, float | None]:
        """Look some cells up; those that are not there are left out."""
        codes = territories(run, self._of[0])
        place = {code: n for n, code in enumerate(codes)}
        period = {start: n for n, start in enumerate(edges(run.bounds)[:-1])}
        view = View(run, self._of[1])
        rows = view.ledger.rows(codes)
        balance = {
            f"balance.{cell}": (arrays, f"{name}_known")
            for arrays, name, cell, _ in _quantities(view)
        }
        balance |= {f"balance.{n}": (view.plain("account"), n) for n in _BESIDE}
        self._views = views = Views(run, codes, like=self._views)
        built_in = set(compiled.built_in())
        tables: dict[str, list[list[float | None]]] = {}

        def table(cell: str) -> list[list[float | None]]:
            if cell in balance:
                arrays, name = balance[cell]
                return _rounded(arrays[name][rows], "m3")
            name, _, code = cell.partition(".")
            if name not in built_in or code not in views.view(name).compiled.cells:
                return []
            evaluated = views.view(name)
            unit = evaluated.compiled.cell(code).row.unit
            return _rounded(evaluated.known(code), unit)

        found = {}
        for key in wanted:
            code, start, cell = key
            if cell not in tables:
                tables[cell] = table(cell)
            if tables[cell] and code in place and start in period:
                found[key] = tables[cell][place[code]][period[start]]
        return found


def _rounded(values: NDArray[np.float64], unit: str) -> list[list[float | None]]:
    """Round as `_number` writes."""
    decimals = 0 if unit == "m3" else _DECIMALS
    return [
        [float(text) if (text := _number(value, decimals)) else None for value in row]
        for row in values.tolist()
    ]


def figures(cells: Iterable[str]) -> dict[Key, Figure]:
    """Read cells back, by territory, period and cell; the header is skipped."""
    found = {}
    for line in cells:
        if line == CELLS:
            continue
        territory, period, cell, unit, *rest, status, missing = line.split(",")
        value, known, u, coverage = (float(text) if text else None for text in rest)
        found[territory, period, cell] = Figure(
            unit=unit,
            value=value,
            known=known,
            u=u,
            coverage=coverage,
            status=status,
            missing=tuple(missing.split()),
        )
    return found


def _account(view: View, codes: list[str], periods: list[str]) -> Iterator[str]:
    """Cells of the balance, named as `ewater explain` takes them."""
    rows = dict(zip(codes, view.ledger.rows(codes).tolist(), strict=True))
    for arrays, name, cell, quantity in _quantities(view):
        for code, row in rows.items():
            mine = {key: array[row] for key, array in arrays.items()}
            for period in range(len(periods) - 1):
                lacks = int(mine[f"{name}_missing"][period])
                missing = _missing(view, row, period, quantity) if lacks else ()
                yield _line(
                    (code, periods[period], f"balance.{cell}", "m3"),
                    [mine[f"{name}{s}"][period] for s in ("", "_known", "_u")],
                    mine[f"{name}_coverage"][period],
                    mine[f"{name}_status"][period],
                    missing,
                )
    account = view.plain("account")
    for name in _BESIDE:
        for code, row in rows.items():
            for period in range(len(periods) - 1):
                value = account[name][row, period]
                yield _line(
                    (code, periods[period], f"balance.{name}", "m3"),
                    [value, value, math.nan],
                    math.nan,
                    Status.UNKNOWN,
                    (),
                )


def _quantities(view: View) -> Iterator[tuple[Arrays, str, str, tuple[str, ...]]]:
    """Arrays (territory, period), their name, the cell, and what names its gaps."""
    account = view.plain("account")
    for name in _TOTALS:
        yield account, name, name, (name,)
    uses = tuple(f"{sector}.use" for sector in SECTORS)
    yield view.plain("use"), "use", "use", uses
    terms = [str(t) for t in view.terms["term"].values]
    for n, term in enumerate(terms):
        yield _slice(view.plain("terms"), n), "volume", f"terms.{term}", (term,)
    for group, measures in (("sectors", MEASURES), ("neighbours", WAYS)):
        label = [str(c) for c in getattr(view, group)[group[:-1]].values]
        for n, code in enumerate(label):
            mine = _slice(view.plain(group), n)
            for name in measures:
                yield mine, name, f"{group}.{code}.{name}", (f"{code}.{name}",)


def _slice(arrays: Arrays, n: int) -> Arrays:
    return {k: a[:, n] for k, a in arrays.items()}


def _missing(view: View, row: int, period: int, quantities: Sequence[str]) -> list[str]:
    missing = view.missing
    return sorted({m for q in quantities for m in missing.missing_at(row, period, q)})


def _views(run: Run, codes: list[str], periods: list[str]) -> Iterator[str]:
    """Cells of the built-in views."""
    views = Views(run, codes)
    for name in compiled.built_in():
        evaluated = views.view(name)
        for cell in evaluated.compiled.cells:
            fields = evaluated.cell(cell)
            unit = evaluated.compiled.cell(cell).row.unit
            for place, code in enumerate(codes):
                for period in range(len(periods) - 1):
                    at = (place, period)
                    unknown = bool(np.isnan(fields.value[at]))
                    yield _line(
                        (code, periods[period], f"{name}.{cell}", unit),
                        [fields.value[at], fields.known[at], fields.u[at]],
                        fields.coverage[at],
                        fields.status[at],
                        sorted(evaluated.missing(cell, *at)) if unknown else (),
                    )


def _flows(view: View, periods: list[str]) -> Iterator[str]:
    data = view.flows.dataset()
    u = np.hypot(data["u_random"].values, data["u_systematic"].values)
    volume, coverage, status = (
        data[name].values for name in ("volume", "coverage", "status")
    )
    for n in np.argsort(view.ledger.flows.astype(str), kind="stable"):
        for period in range(len(periods) - 1):
            at = (n, period)
            yield ",".join(
                (
                    str(view.ledger.flows[n]),
                    periods[period],
                    _number(volume[at], 0),
                    _number(u[at], 0),
                    _number(coverage[at], _DECIMALS),
                    Status(int(status[at])).name.lower(),
                )
            )


def _stocks(run: Run, periods: list[str]) -> Iterator[str]:
    stocks = run.inputs.stocks
    names = stocks["account"].values.astype(str)
    volume = stocks["volume"].transpose("account", "instant").values
    for n in np.argsort(names, kind="stable"):
        for instant, when in enumerate(periods):
            yield f"{names[n]},{when},{_number(volume[n, instant], 0)}"


def _line(
    names: tuple[str, str, str, str],
    numbers: list[Any],
    coverage: Any,
    status: Any,
    missing: Iterable[str],
) -> str:
    decimals = 0 if names[3] == "m3" else _DECIMALS
    return ",".join(
        (
            *names,
            *(_number(number, decimals) for number in numbers),
            _number(coverage, _DECIMALS),
            Status(int(status)).name.lower(),
            " ".join(missing),
        )
    )


def _number(value: Any, decimals: int) -> str:
    """Write a number with so many decimals at most; nothing where it is unknown.

    Examples
    --------
    >>> _number(1234567.5, 0), _number(-0.2, 0), _number(0.25, 6), _number(math.nan, 0)
    ('1234568', '0', '0.25', '')
    """
    if not math.isfinite(value):
        return ""
    if decimals == 0:
        return str(round(float(value)))
    text = f"{float(value):.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
