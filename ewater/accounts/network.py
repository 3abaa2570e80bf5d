"""The ledger around one territory as nodes and edges: who is joined to whom by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.documents import finite
from ewater.accounts.places import places
from ewater.accounts.reader import flow_rows
from ewater.balance.closure import closure

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    import xarray as xr

    from ewater.accounts.places import Places
    from ewater.accounts.views import View

    Document = dict[str, Any]

_VOLUMES = ("entering", "leaving", "storage_change", "residual", "u", "residual_z")


def network(
    view: View, territory: str, period: int, sites: Collection[str] | None = None
) -> Document:
    """Write the accounts and flows that touch a territory in one period.

    Parameters
    ----------
    sites
        Codes of sites that may be told of; all if not given.

    Returns
    -------
    dict
        ``flows``: as `ewater.accounts.reader.flow_rows` has them, with ``measured_by``;
        ``nodes``: their accounts, whole, whoever holds them: ``code``, ``kind``,
        ``sector``, ``names`` (its own or its site's; None: neither), ``territory``,
        ``inside`` the boundary, ``lon`` and ``lat`` (None: no place), ``placed`` (how
        they are known), ``entering``, ``leaving``, ``storage_change``, ``residual``,
        ``u`` (m3, k = 1), ``residual_z``, ``missing`` (how many), ``balanced``,
        ``modelled`` (its storage is).
    """
    rows = flow_rows(view, territory, period)
    frames, ledger = view.run.frames, view.ledger
    flows = frames["flows"].drop_duplicates("code").set_index("code")
    measured = flows["measured_by"].to_dict()
    for row in rows:
        text = measured.get(row["code"])
        row["measured_by"] = text if isinstance(text, str) and text else None
    inside = {row[end]: row[f"{end}_inside"] for row in rows for end in ("from", "to")}
    touched = np.flatnonzero(np.isin(ledger.accounts, list(inside)))
    if sites is not None:
        told = set(sites)
        site = frames["accounts"].drop_duplicates("code").set_index("code")["site"]
        for row in rows:
            for end in ("from", "to"):
                if site.get(row[end]) not in told:
                    row[f"{end}_name"] = None
    writer = _Nodes(view, period, sites)
    return {"flows": rows, "nodes": [writer.node(int(n), inside) for n in touched]}


class _Nodes:
    """What is said of each account."""

    def __init__(
        self, view: View, period: int, sites: Collection[str] | None = None
    ) -> None:
        run, self.ledger = view.run, view.ledger
        accounts = run.frames["accounts"].drop_duplicates("code").set_index("code")
        self.accounts: pd.DataFrame = accounts.reindex(self.ledger.accounts)
        self.named = view.named
        if sites is not None:
            told = self.accounts["site"].isin(list(sites))
            self.named = {c: n for c, n in view.named.items() if bool(told.get(c))}
        self.places: Places = places(run.frames, self.ledger, sites)
        found: xr.Dataset = closure(self.ledger, view.flows, run.inputs.stocks).isel(
            period=period
        )
        self.found = {str(name): array.values for name, array in found.items()}

    def node(self, n: int, inside: dict[str, bool]) -> Document:
        """Write one account."""
        ledger, found, row = self.ledger, self.found, self.accounts.iloc[n]
        code = str(ledger.accounts[n])
        return {
            "code": code,
            "kind": str(ledger.account_kind[n]),
            "sector": _text(row["sector"]),
            "names": self.named.get(code),
            "territory": _text(row["territory"]),
            "inside": inside[code],
            "lon": finite(self.places.lon[n]),
            "lat": finite(self.places.lat[n]),
            "placed": str(self.places.how[n]) or None,
            **{name: finite(found[name][n]) for name in _VOLUMES},
            "missing": int(found["missing"][n]),
            "balanced": bool(found["balanced"][n]),
            "modelled": bool(ledger.stocked[n]),
        }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
