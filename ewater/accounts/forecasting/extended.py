"""Country frames with what a scenario adds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    Frames = Mapping[str, pd.DataFrame]
    Document = dict[str, Any]


def extended(frames: Frames, said: Document) -> dict[str, pd.DataFrame]:
    """Country frames with the canals of a scenario."""
    canals = said["canals"]
    if not canals:
        return dict(frames)
    flows = frames["flows"]
    rows = pd.DataFrame(
        [
            {"code": c["code"], "from": c["from"], "to": c["to"], "term": c["term"]}
            for c in canals
        ],
        columns=flows.columns,
    )
    return {**frames, "flows": pd.concat([flows, rows], ignore_index=True)}
