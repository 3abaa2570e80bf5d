"""How a source is known in one period: series, returns, a rule with its arguments."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.documents import finite
from ewater.accounts.gaps import gaps_in
from ewater.accounts.measured import EXTRAPOLATED
from ewater.accounts.pipeline import Descendants
from ewater.balance.expressions import BETWEEN, Report, Rule, Sum, parse
from ewater.balance.reported import reported_volumes, returns_in, with_sector
from ewater.balance.returns import approved, settle
from ewater.terms import TERMS, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from ewater.accounts.runs import Run
    from ewater.balance.expressions import Way
    from ewater.balance.reported import ReportedVolumes

    Document = dict[str, Any]

_ON_WATER = ("evaporation", "precipitation")
#: What a way other than a sum of series can say of itself (ewater.balance.evaluate).
_STATUS: Mapping[str, frozenset[Status]] = {
    "report": frozenset({Status.REPORTED}),
    "last_report": frozenset({Status.REPORTED, Status.IMPUTED}),
    "seasonal": frozenset({Status.IMPUTED}),
    "balance": frozenset({Status.BALANCING}),
}


class Ways:
    """How the sources of one period of a run are known."""

    def __init__(self, run: Run, period: int) -> None:
        frames = run.frames
        self.run, self.frames = run, frames
        self.bounds = run.bounds[period : period + 2]
        self.gaps = gaps_in(run, period)
        self.flows = _by(frames["flows"], "code")
        self.accounts = _by(frames["accounts"], "code")
        self.stocks = _by(frames["stocks"], "account")
        self.series = _by(frames["series"], "code")

    def of(self, source: str, status: Status = Status.UNKNOWN) -> Document:
        """Say how a source is known.

        Parameters
        ----------
        source
            ``series:CODE``, ``flow:CODE``, ``rating:SITE``, ``stock:ACCOUNT``,
            ``capacity:ACCOUNT`` or ``input:NAME``.
        status
            What the run says of it; decides which of several ways served.

        Returns
        -------
        dict
            As docs/explain.md describes ``how``.
        """
        kind, _, code = source.partition(":")
        if kind == "series":
            return self._said("series", code, code, [(code, "volume")])
        if kind == "stock":
            text = str(self.stocks[code]["measured_by"])
            terms = [way.terms for way in parse(text) if isinstance(way, Sum)]
            used = [(name, "stock") for group in terms for _, name in group]
            return self._said("series", text, text, used)
        if kind == "flow":
            return self._of_flow(code, status)
        site = self.accounts[code].get("site") if kind == "capacity" else None
        if kind == "rating":
            site = code
        return self._said(kind, None, None, []) | {"site": _text(site)}

    def _of_flow(self, code: str, status: Status) -> Document:
        text = _text(self.flows[code]["measured_by"]) or ""
        ways = parse(text) if text else ()
        place = self._served(code, ways, status)
        if place is None:
            every = [pair for way in ways for pair in self._series_of(way)]
            return self._said("none", text or None, None, every) | self._u(code)
        way, said = ways[place], text.split(BETWEEN)[place].strip()
        kind = {Sum: "series", Report: "report", Rule: "rule"}[type(way)]
        how = self._said(kind, text, said, self._series_of(way)) | self._u(code)
        if isinstance(way, Rule):
            how["rule"] = {"name": way.name, "arguments": list(way.arguments)}
            how["flows"] = self._flows_of(code, way)
        if item := _item(way):
            how["reports"] = self._returns(code, item)
        return how

    def _said(
        self,
        kind: str,
        text: str | None,
        way: str | None,
        used: Iterable[tuple[str, str]],
    ) -> Document:
        series = [{"code": code, "role": role} for code, role in dict.fromkeys(used)]
        gaps = [
            {"series": one["code"], **gap}
            for one in series
            if one["role"] == "volume"
            for gap in self.gaps.get(one["code"], ())
        ]
        for gap in gaps:
            donor = None if gap["method"] == EXTRAPOLATED else gap["donor"]
            role = "long-term mean" if gap["method"] == "seasonal" else "donor"
            if donor is None or {"code": donor, "role": role} in series:
                continue
            series.append({"code": donor, "role": role})
        return {
            "kind": kind,
            "measured_by": text,
            "way": way,
            "rule": None,
            "flows": [],
            "u_pct": None,
            "series": series,
            "gaps": gaps,
            "reports": None,
            "site": None,
        }

    def _u(self, code: str) -> Document:
        return {"u_pct": finite(float(self.flows[code]["u_pct"]))}

    def _served(self, code: str, ways: tuple[Way, ...], status: Status) -> int | None:
        """Position of the way that gave the volume; None where it is unknown.

        A sum of series serves unless one of them is insufficient in the period, and
        then the table of gaps has it; the others are told apart by their status.
        """
        if status == Status.UNKNOWN:
            return None
        if len(ways) == 1:
            return 0
        for place, way in enumerate(ways):
            match way:
                case Sum(terms):
                    if all(self._sufficient(name) for _, name in terms):
                        return place
                case Report(item):
                    alone = not any(_item(later) for later in ways[place + 1 :])
                    if status == Status.REPORTED and (
                        alone or self._answered(code, item)
                    ):
                        return place
                case Rule(name):
                    if status in _STATUS.get(name, {Status.MODELLED}):
                        return place
        return None

    def _sufficient(self, series: str) -> bool:
        return all(gap["method"] != "none" for gap in self.gaps.get(series, ()))

    def _series_of(self, way: Way) -> list[tuple[str, str]]:
        match way:
            case Sum(terms):
                return [(code, "volume") for _, code in terms]
            case Rule(name, arguments) if name in _ON_WATER:
                levels = [
                    str(code)
                    for code, row in self.series.items()
                    if row["site"] == arguments[0] and row["quantity"] == "level"
                ]
                return [(str(arguments[1]), "depth"), (levels[0], "water area")]
            case Rule("seasonal", arguments):
                return [(str(arguments[0]), "long-term mean")]
            case Rule("share", arguments) if arguments[0] in self.series:
                return [(str(arguments[0]), "volume")]
            case Rule("share", arguments):
                text = _text(self.flows[str(arguments[0])]["measured_by"])
                first = parse(text)[:1] if text else ()
                return [pair for one in first for pair in self._series_of(one)]
        return []

    def _flows_of(self, code: str, rule: Rule) -> list[str]:
        """Flows that a rule draws on."""
        first = rule.arguments[0]
        if rule.name == "share" and first in self.flows:
            return [str(first)]
        if rule.name not in ("balance", "consumed"):
            return []
        return [
            str(other)
            for other, row in self.flows.items()
            if other != code and first in (row["from"], row["to"])
        ]

    def _asked(self, code: str) -> tuple[set[str], str]:
        """Territories and sector whose enterprises report a flow."""
        row = self.flows[code]
        ends = [row["from"], row["to"]]
        if TERMS[row["term"]].counted_at == "to":
            ends.reverse()
        account = next(
            self.accounts[end]
            for end in ends
            if self.accounts[end]["kind"] == "economy"
        )
        inside = Descendants(self.frames["territories"])(account["territory"])
        return inside, account["sector"]

    @cached_property
    def _told(self) -> pd.DataFrame:
        """Returns that reach into the period, with territory and sector."""
        told = settle(approved(self.frames["reports"])).reports
        every = with_sector(self.frames["enterprises"], self.frames["sectors"])
        place = every.drop_duplicates("code", keep="last").set_index("code")
        within = returns_in(told, self.bounds)
        return within.assign(
            **{n: within["enterprise"].map(place[n]) for n in ("territory", "sector")}
        )

    @cached_property
    def _reported(self) -> ReportedVolumes:
        return reported_volumes(self.frames, self.bounds)

    def _answered(self, code: str, item: str) -> bool:
        """Whether every return that is due is there."""
        made = self._reported.select(item, *self._asked(code)).total(impute=False)
        return bool(np.isfinite(made.volume[0]))

    def _returns(self, code: str, item: str) -> list[Document]:
        told, (territories, sector) = self._told, self._asked(code)
        inside = told["territory"].isin(territories) & (told["sector"] == sector)
        listed = told[inside & (told["item"] == item)]
        times = ("period_start", "period_end")
        return [
            {
                "enterprise": row["enterprise"],
                **{name: row[name].isoformat() for name in times},
                "item": row["item"],
                "value": finite(row["value"]),
                "unit": row["unit"],
                "status": row["status"],
                "revision": int(row["revision"]),
                "counterparty": _text(row["counterparty"]),
                "volume": finite(row["part"]),
            }
            for row in listed.to_dict("records")
        ]


def _item(way: Way) -> str | None:
    """Item of the returns that a way takes, if it takes any."""
    match way:
        case Report(item):
            return item
        case Rule("last_report", arguments):
            return str(arguments[0])
    return None


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) and cell else None


def _by(frame: pd.DataFrame, key: str) -> dict[Any, dict[str, Any]]:
    """Rows of a frame by one column; of several versions the last."""
    return {
        row[key]: {str(name): value for name, value in row.items()}
        for row in frame.to_dict("records")
    }
