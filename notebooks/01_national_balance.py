# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The national balance, twice
#
# The same numbers by two ways: from the store through `ewater.connect()`, and from the
# files of the country folder with the pure functions of `ewater.series` and
# `ewater.balance`, without a database.
#
# The sample country's **telemetry is simulated** on published totals. Run
# `./run demo --no-serve` once before.

# %%
import numpy as np
import pandas as pd
import xarray as xr

import ewater

store = ewater.connect()
account = store.account("AZ", "2021", "2025", step="year")
print(account.attrs["notices"][0])

# %% [markdown]
# ## From the store
#
# Every quantity has its standard uncertainty (`_u`, k = 1), the part that is known
# (`_known`), its coverage and its status. `NaN` is unknown, never zero.

# %%
names = ["inflow", "outflow", "storage_change", "residual"]
hm3 = account.sel(territory="AZ")[[f"{n}{s}" for n in names for s in ("", "_u")]] / 1e6
hm3.to_dataframe().drop(columns="territory").round(1)

# %% [markdown]
# The residual against its uncertainty: up to 2 is closed, above 3 wants a look.

# %%
account["residual_z"].sel(territory="AZ").to_series().round(2)

# %% [markdown]
# Basins add up to the nation, because a flow between two of them is one variable with two
# signs.

# %%
territories = store.table("territories")
basins = list(territories.loc[territories["kind"] == "basin", "code"])
parts = store.account(basins, "2023")["net_inflow_known"].sum("territory")
whole = store.account("AZ", "2023")["net_inflow_known"].sel(territory="AZ")
print(parts.values / 1e6, whole.values / 1e6)

# %% [markdown]
# ## Without a database
#
# The country folder as frames, the readings as one ragged array: here both are taken
# from the store's own copies, so that the two ways start from the same inputs.

# %%
from ewater.accounts import pipeline
from ewater.balance.account import account as balance_of
from ewater.series.calendars import bounds, from_frame

run = store.run("2021", "2025")
frames = run.frames
needed = pipeline.needs(frames).all()
with store.engine.connect() as connection:
    from ewater.store import chunks

    readings = chunks.read(connection, needed, as_of=run.as_of)
print(f"{readings.sizes['reading']:,} readings of {readings.sizes['series']} series")

# %% [markdown]
# From here on there is no database: arrays in, arrays out.

# %%
calendar = from_frame(frames["calendars"], "AZ")
years = bounds(calendar, pd.Timestamp("2021-01-01").date(), pd.Timestamp("2026-01-01").date(), "year")
inputs = pipeline.compute(frames, readings, years, calendar)
again = balance_of(
    inputs.ledger, inputs.sources, inputs.weights, inputs.stocks, territories=["AZ"]
)
for name in names:
    np.testing.assert_allclose(again[name], account[name], rtol=1e-12)
xr.testing.assert_allclose(again["residual_u"], account["residual_u"])
print("the same numbers")

# %% [markdown]
# ## One series, by hand
#
# A month of one gauge: readings, then the trapezoid with exact edges.

# %%
volume = store.volumes("KUR-GIR.Q", "2023-01", "2023-12", step="month")
(volume["volume"].sel(series="KUR-GIR.Q") / 1e6).to_series().round(1)

# %%
import plotly.graph_objects as go

figure = go.Figure()
for name in ("inflow", "outflow"):
    figure.add_bar(
        x=account["period"].dt.year.values,
        y=account[name].sel(territory="AZ").values / 1e6,
        error_y={"array": account[f"{name}_u"].sel(territory="AZ").values / 1e6},
        name=name,
    )
figure.update_layout(yaxis_title="hm³", title="Azerbaijan (simulated telemetry)")
figure.to_dict()["layout"]["title"]["text"]
