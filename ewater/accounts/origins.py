"""Where a source comes from, as a person knows it: series, report, rule, and site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.expressions import BETWEEN

if TYPE_CHECKING:
    import pandas as pd

    from ewater.accounts.views import View

_LANGUAGES = ("az", "en", "ru")
_STORAGE = "change of "


class Origins:
    """Names of the sources of one view."""

    def __init__(self, view: View) -> None:
        frames = view.run.frames
        self.flows = view.flows
        self.series = _by(frames["series"], "code")
        self.sites = _by(frames["sites"], "code")
        self.flow_rows = _by(frames["flows"], "code")
        self.stocks = _by(frames["stocks"], "account")
        self.accounts = _by(frames["accounts"], "code")

    def of(self, name: str) -> dict[str, Any]:
        """Describe a source by the name that reconciliation gives it.

        Parameters
        ----------
        name
            ``series:CODE`` or ``flow:CODE``, with the flows it feeds in brackets where
            it was cut in time; ``rating:SITE``; or ``change of ACCOUNT``.

        Returns
        -------
        dict
            ``kind`` (``series``, ``report``, ``rule``, ``rating`` or ``storage``),
            ``code`` of the series, flow, site or account, ``measured_by``, ``site``,
            ``site_name`` by language, and the ``flows`` it feeds.
        """
        if name.startswith(_STORAGE):
            account = name.removeprefix(_STORAGE)
            row = self.stocks.get(account, {})
            site = self.accounts.get(account, {}).get("site")
            return self._entry("storage", account, row.get("measured_by"), site, [])
        source = name.split(" ")[0]
        kind, _, code = source.partition(":")
        feeds = self._feeds(source)
        if kind == "series":
            site = self.series.get(code, {}).get("site")
            return self._entry("series", code, code, site, feeds)
        if kind == "rating":
            return self._entry("rating", code, None, code, feeds)
        said = _text(self.flow_rows.get(code, {}).get("measured_by"))
        first = said.split(BETWEEN)[0].strip() if said else ""
        how = next((k for k in ("report", "rule") if first.startswith(k)), "series")
        return self._entry(how, code, said, self._site_of(code, first), feeds)

    def _site_of(self, flow: str, first: str) -> object:
        """Find the site of the first series of a flow, else of one of its accounts."""
        known = [word for word in first.split() if word in self.series]
        if known:
            return self.series[known[0]].get("site")
        row = self.flow_rows.get(flow, {})
        ends = (self.accounts.get(row.get(end), {}) for end in ("from", "to"))
        sites = [end.get("site") for end in ends]
        return next((site for site in sites if isinstance(site, str)), None)

    def _feeds(self, source: str) -> list[str]:
        parts = np.flatnonzero(self.flows.origin == source)
        rows = np.unique(self.flows.weights[:, parts].nonzero()[0])
        return [str(code) for code in self.flows.codes[rows]]

    def _entry(
        self, kind: str, code: str, by: object, site: object, flows: list[str]
    ) -> dict[str, Any]:
        place = self.sites.get(site, {}) if isinstance(site, str) else {}
        return {
            "kind": kind,
            "code": code,
            "measured_by": _text(by),
            "site": _text(site),
            "site_name": {
                language: _text(place.get(f"name_{language}"))
                for language in _LANGUAGES
            },
            "flows": flows,
        }


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) else None


def _by(frame: pd.DataFrame, key: str) -> dict[Any, dict[str, Any]]:
    """Rows of a frame by one column; of several versions the last."""
    return {
        row[key]: {str(k): v for k, v in row.items()}
        for row in frame.drop(columns="geometry", errors="ignore").to_dict("records")
    }
