"""What the made-up country counts itself of what others published."""

from __future__ import annotations

from ewater.dashboard import totals

CELLS = {
    "water_used_total": "indicators.use",
    "water_used_irrigation": "indicators.use_agriculture",
}


def counterparts(reader, items, territory, start, end, basis=None):
    """Use of all sectors and of agriculture; of other items nothing."""
    period = reader.balance(territory, start, end, "year")["periods"][0]
    uses = {name: one["use"] for name, one in period["sectors"].items()}
    found = {
        "water_used_total": totals.use(period),
        "water_used_irrigation": uses["agriculture"],
    }
    return {
        item: {
            **found[item],
            "unit": "m3",
            "cell": CELLS[item],
            "label": dict.fromkeys(("az", "en", "ru"), "Use"),
        }
        for item in items
        if item in CELLS
    }


ANSWERS = {"counterparts": counterparts}
