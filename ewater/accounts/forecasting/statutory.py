"""The annual balance: three years actual, this one expected, the next one forecast.

Rows are those of a view, ``statutory`` or a country's own; the columns are periods.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts import runs
from ewater.accounts.documents import finite, notices
from ewater.accounts.forecasting import history, kept
from ewater.accounts.forecasting.ahead import Ahead
from ewater.accounts.view_files import Files, find
from ewater.accounts.view_tables import Views, quantity
from ewater.errors import UsageError
from ewater.forecast.scores import BAND
from ewater.series import calendars
from ewater.store import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.forecasting.make import Outlook
    from ewater.balance.views.evaluate import Evaluated

    Document = dict[str, Any]
    Floats = NDArray[np.float64]

VIEW = "statutory"
_PAST = 3  # years
_LANGUAGES = ("az", "en", "ru")


def document(
    engine: Engine,
    territory: str | None = None,
    *,
    view: str | None = None,
    origin: dt.date | None = None,
    as_of: dt.datetime | None = None,
    files: Files | None = None,
    forecast: tuple[str, Outlook] | None = None,
) -> Document:
    """Write the annual balance of a country, basin or district.

    Parameters
    ----------
    territory
        Code; default: the country.
    view
        Whose rows; default ``statutory``.
    origin
        First day of the first month that is not known; default: the newest.
    as_of
        What was recorded by then.
    files
        A view of one's own, and what it needs besides the ledger.
    forecast
        The one to take, with its code; it begins with ``origin`` and ends with the
        year after. Default: the one that is kept, else it is made.

    Raises
    ------
    UsageError, NotReadyError, FaultsError
        No such territory or view; too little is known.
    """
    given = files or Files()
    name = view or VIEW
    find(name, given)  # a fault in a file is said before work is done
    plan = history.plan(engine, origin, as_of=as_of)
    year = plan.origin.year
    code, outlook = forecast or kept.obtain(
        engine, origin=plan.origin, horizon=months_ahead(plan.origin), as_of=plan.seen
    )
    past = runs.obtain(engine, plan.first, plan.origin, "month", as_of=plan.seen)
    ahead = Ahead(past, outlook)
    codes = None if territory is None else [territory]
    columns: list[Document] = []
    start = max(year - _PAST, plan.first.year + (plan.first.month > 1))
    if start < year:
        actual = runs.obtain(
            engine, dt.date(start, 1, 1), dt.date(year, 1, 1), "year", as_of=plan.seen
        )
        views = Views(actual, codes, given)
        columns += [
            _column("actual", str(start + n), _cells(views.view(name), n))
            for n in range(year - start)
        ]
    both = calendars.bounds(
        plan.calendar, dt.date(year, 1, 1), dt.date(year + 2, 1, 1), "year"
    )
    quarters = calendars.bounds(
        plan.calendar, dt.date(year + 1, 1, 1), dt.date(year + 2, 1, 1), "quarter"
    )
    coming = list(_coming(ahead, both, "year", codes, given, name))
    by_quarter = list(_coming(ahead, quarters, "quarter", codes, given, name))
    columns.append(_column("expected", str(year), coming[0]))
    columns += [
        _column("forecast", f"{year + 1}", cells, quarter=n + 1)
        for n, cells in enumerate(by_quarter)
    ]
    columns.append(_column("forecast", str(year + 1), coming[1]))
    sample = Views(ahead.run(both, "year"), codes, given)
    return _whole(sample, name, columns) | {
        "forecast": code,
        "origin": plan.origin.isoformat(),
        "year": year,
        "as_of": past.as_of.isoformat(),
        "members": outlook.members,
        "notices": notices(past),
        "known_months": plan.origin.month - 1,
        "names": _names(past, sample.territories[0]),
        "missing_years": list(range(year - _PAST, start)),
    }


def months_ahead(origin: dt.date) -> int:
    """Count the months from an origin to the end of the year after."""
    return 25 - origin.month


def newest_kept(connection: Connection) -> str | None:
    """Code of the newest forecast that is kept and ends with the year after."""
    frame = kept.listed(connection)
    if frame.empty:
        return None
    calendar = runs.calendar_of(registry.read_table(connection, "calendars"), None)
    month = frame["origin"].dt.tz_convert(calendar.timezone).dt.month
    found = frame.loc[frame["horizon"] == 25 - month, "code"]
    return None if found.empty else str(found.iloc[-1])


def of_kept(engine: Engine, code: str, territory: str) -> Document | None:
    """Write the annual balance over one kept forecast; None if it is not kept."""
    with engine.connect() as connection:
        outlook = kept.load(connection, code)
    if outlook is None:
        return None
    return document(
        engine,
        territory,
        origin=outlook.origin,
        as_of=outlook.as_of,
        forecast=(code, outlook),
    )


def _coming(
    ahead: Ahead,
    bounds: NDArray[np.int64],
    step: Any,
    codes: list[str] | None,
    files: Files,
    name: str,
) -> Iterator[dict[str, Document]]:
    """Cells of each period: those of the mean future, with spread and band of all."""
    mean = Views(ahead.run(bounds, step), codes, files).view(name)
    cells = list(mean.compiled.cells)
    if any(row.input for row in mean.view.rows):
        raise UsageError(
            f"{name} needs inputs that are given by year; the annual balance takes a "
            "view of flows and stocks"
        )
    run, places = ahead.futures(bounds, step)
    made = Views(run, codes, files).view(name)
    table, known = (_by_future(made, which, places) for which in ("value", "known"))
    low, high = np.quantile(table, BAND, axis=0, method="weibull")
    middle, spread = table.mean(axis=0), known.std(axis=0)
    for period in range(bounds.size - 1):
        found = _cells(mean, period)
        for place, cell in enumerate(cells):
            past_u, apart = found[cell]["u"], spread[place, period]
            if past_u is not None and np.isfinite(apart):
                found[cell]["u"] = float(np.hypot(past_u, apart))
            if found[cell]["value"] is None:
                continue
            # the mean over the futures: of a ratio it is not that of the mean future
            found[cell] |= {
                "value": finite(middle[place, period]),
                "low": finite(low[place, period]),
                "high": finite(high[place, period]),
            }
        yield found


def _by_future(evaluated: Evaluated, which: str, places: Any) -> Floats:
    """Value, or known part, of every cell, (member, cell, period)."""
    cells = [
        getattr(evaluated.cell(code), which)[0] for code in evaluated.compiled.cells
    ]
    return np.moveaxis(np.stack(cells)[:, places], 1, 0)


def _cells(evaluated: Evaluated, period: int) -> dict[str, Document]:
    return {
        code: quantity(evaluated, code, 0, period) for code in evaluated.compiled.cells
    }


def _column(
    basis: str, year: str, cells: dict[str, Document], *, quarter: int = 0
) -> Document:
    code = f"{year}-q{quarter}" if quarter else year
    return {
        "code": code,
        "basis": basis,
        "year": int(year),
        "quarter": quarter or None,
        "cells": cells,
    }


def _whole(views: Views, name: str, columns: list[Document]) -> Document:
    evaluated = views.view(name)
    view = evaluated.view
    if view.columns:
        raise UsageError(
            f"{name} has columns of its own; the annual balance takes a view whose "
            "columns are periods"
        )
    return {
        "view": name,
        "title": view.title.model_dump(),
        "source": view.source,
        "territory": views.territories[0],
        "rows": [
            {
                "code": row.code,
                "number": row.number,
                "label": row.label.model_dump(),
                "unit": row.unit,
                "memo": row.memo,
            }
            for row in view.rows
        ],
        "columns": columns,
    }


def _names(run: runs.Run, territory: str) -> dict[str, str]:
    frame = run.frames["territories"].drop_duplicates("code").set_index("code")
    return {lang: str(frame[f"name_{lang}"][territory]) for lang in _LANGUAGES}
