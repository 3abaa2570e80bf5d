"""Which discharge stands beside which totaliser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_COUNTERS = ("totaliser", "pulse")


def companions(series: pd.DataFrame) -> dict[str, str]:
    """Discharge series whose flow must move a totaliser.

    By rule: the one discharge series of the same site that is measured, not derived.
    Where a site has several, none is taken; nobody has said which pipe it is on.

    Parameters
    ----------
    series
        Country frame, one row per code.

    Returns
    -------
    dict of str to str
        By totaliser.
    """
    flows = series[(series["quantity"] == "discharge") & ~series["derived"]]
    alone = flows.drop_duplicates("site", keep=False).set_index("site")["code"]
    counters = series[
        (series["quantity"] == "volume") & series["signal"].isin(_COUNTERS)
    ]
    beside = counters.set_index("code")["site"].map(alone).dropna()
    return {str(counter): str(flow) for counter, flow in beside.items()}
