"""Where water is lost, and where the next meters pay, for pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts import in_memory, where
from ewater.accounts.in_memory import NOW, step_of
from ewater.accounts.scope import accounts_of, require

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Engine

    from ewater.accounts.in_memory import Basis
    from ewater.accounts.scope import Scope
    from ewater.terms import Step

    Document = dict[str, Any]


def losses(
    engine: Engine,
    scope: Scope,
    territory: str,
    start: dt.date,
    end: dt.date,
    step: Step | None = None,
    basis: Basis = NOW,
) -> list[Document]:
    """Rank reaches, canals and utilities by what they lost over ``[start, end)``.

    Parameters
    ----------
    territory
        Its code.
    step
        Rank each period of this length on its own (``decade``: ten days); default:
        all of it as one.

    Returns
    -------
    list of dict
        Keys of `ewater.accounts.where.LOSSES`: ``account``, ``kind``, ``loss``, ``u``
        (m3, k = 1), ``lower`` and ``upper`` (95 %), ``declared``, ``unexplained``,
        ``entering``, ``share``, ``rank_first``, ``rank_last``, ``missing`` and more;
        None is unknown. A scope of organisations sees the accounts at their sites;
        ranks stay those among all.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    view, periods = in_memory.of(engine).periods(
        start, end, step or step_of(start, end), basis=basis
    )
    rows = where.losses_in(view, territory, periods)
    seen = accounts_of(view.run.frames, scope)
    return [row for row in rows if seen is None or row["account"] in seen]


def meters(
    engine: Engine,
    scope: Scope,
    total: str,
    territory: str,
    start: dt.date,
    end: dt.date,
    count: int = 40,
    boundary: str = "managed",
    basis: Basis = NOW,
) -> Document:
    """Choose the next meters for a total over ``[start, end)``, most useful first.

    Parameters
    ----------
    total
        ``inflow``, ``outflow``, ``net_inflow``, a term, ``use``, ``gross_use``,
        ``consumption``, or one of the last three of a sector: ``agriculture.use``.

    Returns
    -------
    dict
        ``total``, ``territory``, ``u`` and ``u_after`` (m3, one each), ``open`` flows
        and ``meters``: ``number``, ``flow``, ``from``, ``to``, ``meter_u``, ``gain``,
        ``fall``, ``left``. A scope of organisations sees the meters at their sites.

    Raises
    ------
    UsageError
        Unknown total, or one of no flow.
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    view, periods = in_memory.of(engine).periods(
        start, end, step_of(start, end), boundary, basis
    )
    found = where.meters_in(view, total, territory, periods[-1:], count=count)
    seen = accounts_of(view.run.frames, scope)
    if seen is None:
        return found
    ends = {row["code"]: {row["from"], row["to"]} for row in _flows(view)}
    return found | {
        "meters": [row for row in found["meters"] if ends[row["flow"]] & seen],
        "open": [code for code in found["open"] if ends[code] & seen],
    }


def _flows(view: Any) -> list[Document]:
    columns = view.run.frames["flows"][["code", "from", "to"]]
    rows: list[Document] = columns.drop_duplicates("code").to_dict("records")
    return rows
