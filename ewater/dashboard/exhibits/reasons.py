"""Why an exhibit says no uncertainty, coverage or status, or opens no Explain."""

from __future__ import annotations

from ewater.dashboard.i18n import mark

RECORDS = mark("a list of records, not a measurement")
MOMENTS = mark("values of single moments; their series says how far to believe them")
FUTURES = mark("computed futures; nothing of them was observed")
OUTCOMES = mark("forecasts beside totals of the account that are known whole")
PLAN = mark("a plan; what is actual is of the account")
SHARES = mark("shares of totals; the account gives the uncertainty of each total")
ITSELF = mark("what is shown is the coverage itself, counted from readings")
EDITIONS = mark("a difference of sealed figures; each edition gives its own")
CURVE = mark("a surveyed curve; its uncertainty counts in what is read off it")
UNJUDGED = mark("differences of this kind are not judged; the notes say why")
TESTED = mark("results of a test; the account gives the figures it tested")

#: Why Explain does not open.
GROUPS = mark("Explain opens single figures: of the account, and flows of the network.")
LISTED = mark("Explain opens each of these figures under “All indicators”.")
RETURNS = mark("Explain opens the use of a sector; these returns stand behind it.")
AHEAD = mark("Explain opens accounts; no reading stands behind a forecast or a plan.")
SEALED = mark(
    "Explain opens figures as they are now; `ewater edition verify` computes those of "
    "an edition again from the readings it was sealed over."
)
