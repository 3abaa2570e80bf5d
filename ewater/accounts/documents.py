"""The balance of a territory as a document: the stable JSON of the command."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ewater.accounts.gaps import gaps_of
from ewater.accounts.views import View
from ewater.series.calendars import labels
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ewater.accounts.runs import Run

    Document = dict[str, Any]
    Fields = dict[str, NDArray[Any]]

_SUFFIXES = ("", "_known", "_u", "_coverage", "_status", "_status_shares", "_missing")
_TOTALS = ("inflow", "outflow", "storage_change", "residual")
_MEASURES = ("use", "gross_use", "consumption")
_WAYS = ("inflow", "outflow")
_LANGUAGES = ("az", "en", "ru")


def balance(
    run: Run,
    territory: str | None = None,
    *,
    boundary: str = "managed",
    adjusted: bool = False,
) -> Document:
    """Write the account of one territory as docs/balance-json.md describes it.

    Parameters
    ----------
    run
        From ``ewater.accounts.runs.obtain``.
    territory
        Its code; default: the country.
    boundary
        A name of ``ewater.terms.BOUNDARIES``.
    adjusted
        Add the reconciled figures beside the raw ones.

    Raises
    ------
    UsageError
        Unknown territory or boundary.
    """
    view = View(run, boundary)
    code = view.territory(territory)
    raw = document(view, code)
    if not adjusted:
        return raw
    from ewater.accounts.reconciled import Reconciliation

    return Reconciliation(view, code).add_to(raw)


def document(
    view: View,
    code: str,
    periods: Sequence[int] | None = None,
    *,
    figures_only: bool = False,
) -> Document:
    """Write some periods (all by default) of one territory of a view.

    ``figures_only`` leaves out ``gaps`` and ``returns``.
    """
    run = view.run
    chosen = range(len(run.bounds) - 1) if periods is None else periods
    return {
        "territory": code,
        "boundary": view.boundary,
        "basis": run.basis,
        "unit": "m3",
        "as_of": run.as_of.isoformat(),
        "run": run.code,
        "step": run.step,
        "calendar": run.calendar.code,
        "empty": bool(view.account["empty"].sel(territory=code)),
        "notices": notices(run),
        "stale": run.stale,
        "periods": periods_of(view, code, chosen, figures_only=figures_only),
    }


def notices(run: Run) -> list[dict[str, str]]:
    """Read what every output must say, in each language."""
    return [
        {"code": row["code"], **{lang: row[f"text_{lang}"] for lang in _LANGUAGES}}
        for row in run.frames["notices"].to_dict("records")
    ]


def periods_of(
    view: View, code: str, chosen: Sequence[int], *, figures_only: bool = False
) -> list[Document]:
    """Write the account of one territory, period by period, as `document` does."""
    writer = _Writer(view, code)
    write = writer.figures if figures_only else writer.period
    return [write(period) for period in chosen]


class _Writer:
    """The account of one territory as plain arrays, written one period at a time."""

    def __init__(self, view: View, code: str) -> None:
        self.view, self.code = view, code
        self.starts = labels(view.run.calendar, view.run.bounds)
        self.unmodelled = view.missing.not_modelled(code)
        row = int(view.ledger.rows([code])[0])
        self.account = {name: a[row] for name, a in view.plain("account").items()}
        self.totals = {name: _Quantities(self.account, name) for name in _TOTALS}
        use = {name: a[row] for name, a in view.plain("use").items()}
        self.use = _Quantities(use, "use")
        terms = _grouped(view, "terms", "term", row, ("volume",))
        counted = view.plain("terms")["flows"][row]
        self.terms = {
            term: entry["volume"]
            for (term, entry), flows in zip(terms.items(), counted, strict=True)
            if flows
        }
        self.groups = {
            "sectors": _grouped(view, "sectors", "sector", row, _MEASURES),
            "neighbours": _grouped(view, "neighbours", "neighbour", row, _WAYS),
        }

    @cached_property
    def gaps(self) -> dict[int, list[Document]]:
        """Gaps behind the figures, by period."""
        return gaps_of(self.view.run, self.code)

    @cached_property
    def returns(self) -> Any:
        """What returns say besides the account, by period."""
        return self.view.returned.of(self.code)

    def period(self, n: int) -> Document:
        """Write one period."""
        answer = self.figures(n)
        answer["gaps"] = self.gaps.get(n, [])
        answer["returns"] = self.returns[n]
        return answer

    def figures(self, n: int) -> Document:
        """Write the figures of one period."""
        answer: Document = {"start": self.starts[n], "end": self.starts[n + 1]}
        for name, quantities in self.totals.items():
            answer[name] = quantities.at(n, self._lacks(n, name))
        answer["residual"] |= {
            "z": finite(self.account["residual_z"][n]),
            "not_modelled": self.unmodelled,
            "after_balancing_items": bool(self.account["after_balancing_items"][n]),
        }
        answer["other_change"] = self._other_change(n, answer["storage_change"])
        answer["apportioned"] = bool(self.account["apportioned"][n])
        answer["re_entering"] = self._re_entering(n, answer["inflow"])
        answer["terms"] = {
            term: quantities.at(n, self._lacks(n, term))
            for term, quantities in self.terms.items()
        }
        for group, entries in self.groups.items():
            answer[group] = {
                entry: {
                    key: quantities.at(n, self._lacks(n, f"{entry}.{key}"))
                    for key, quantities in measures.items()
                }
                for entry, measures in entries.items()
            }
        uses = [entry["use"]["missing"] for entry in answer["sectors"].values()]
        answer["use"] = self.use.at(n, lambda: sorted({m for u in uses for m in u}))
        return answer

    def _lacks(self, n: int, quantity: str) -> Callable[[], list[str]]:
        return lambda: self.view.missing.missing(self.code, n, quantity)

    def _re_entering(self, n: int, inflow: Document) -> Document:
        """Write what left and came back, which is in neither gross total."""
        value = finite(self.account["re_entering"][n])
        return _beside(value, inflow) | {"u": finite(self.account["re_entering_u"][n])}

    def _other_change(self, n: int, change: Document) -> Document:
        """Write what new storage curves changed in the books; it is no water."""
        return _beside(finite(self.account["other_change"][n]), change)


def figures_of(view: View, code: str, period: int) -> Document:
    """Write the figures of one territory and period, as `periods_of` does."""
    return _Writer(view, code).figures(period)


def quantity_of(
    arrays: Fields, name: str, period: int, missing: Callable[[], list[str]]
) -> Document:
    """Write one quantity of plain arrays (period,), as the balance does."""
    return _Quantities(arrays, name).at(period, missing)


def _beside(value: float | None, total: Document) -> Document:
    """Write a quantity that is known where a total is, and apart from it."""
    return {
        "value": value,
        "known": value,
        "missing": total["missing"] if value is None else [],
        "u": None,
        "coverage": None,
        "status": total["status"],
        "status_shares": {},
    }


def _grouped(
    view: View, dataset: str, dimension: str, row: int, names: Sequence[str]
) -> dict[str, dict[str, _Quantities]]:
    """Quantities of one territory by the labels of another dimension."""
    plain = view.plain(dataset)
    label = [str(code) for code in getattr(view, dataset)[dimension].values]
    return {
        code: {
            name: _Quantities({k: a[row, n] for k, a in plain.items()}, name)
            for name in names
        }
        for n, code in enumerate(label)
    }


class _Quantities:
    """One quantity of one territory over all periods, as plain arrays."""

    def __init__(self, arrays: Fields, name: str) -> None:
        self.fields: Fields = {
            suffix: arrays[f"{name}{suffix}"]
            for suffix in _SUFFIXES
            if f"{name}{suffix}" in arrays
        }

    def at(self, period: int, missing: Callable[[], list[str]]) -> Document:
        """Write the quantity; names of what is missing are looked up only then."""
        fields = self.fields
        shares = fields["_status_shares"][period]
        return {
            "value": finite(fields[""][period]),
            "known": finite(fields["_known"][period]),
            "missing": missing() if fields["_missing"][period] else [],
            "u": finite(fields["_u"][period]),
            "coverage": finite(fields["_coverage"][period]),
            "status": Status(int(fields["_status"][period])).name.lower(),
            "status_shares": {
                status.name.lower(): float(share)
                for status, share in zip(Status, shares, strict=True)
                if share > 0
            },
        }


def finite(value: float) -> float | None:
    """Give a plain number; None, JSON's null, where it is unknown."""
    return float(value) if math.isfinite(value) else None
