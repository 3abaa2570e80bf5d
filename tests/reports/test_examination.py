"""Cross-examination: each kind found where it is, with its size, and nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.balance.reported import u_of_parts
from ewater.reports import batch as batches
from ewater.reports import bulk, bulk_read
from ewater.reports.examine import facts as figures
from ewater.reports.examine import run, totals
from ewater.reports.examine.around import Around
from ewater.reports.findings import Finding
from ewater.reports.form import built_in

NAMES = ("zone", "permits", "enterprises", "meters", "pumps")
NOISE = (1.00, 1.04, 0.97, 1.02, 0.99, 1.03, 0.98, 1.01)
SEASON = np.array([0.8, 0.7, 0.9, 1.0, 1.1, 1.2, 1.3, 1.25, 1.1, 1.0, 0.85, 0.8]) / 12


def line(total, *, metered=0.9, used=0.6, year=0, **more):
    """One line of intake: thousand m3, split by season with a little noise."""
    wobble = 1 + 0.05 * np.sin(np.arange(12) * 1.7 + year * 2.3 + total)
    months = SEASON * wobble
    months = np.round(total * months / months.sum(), 2)
    total = round(float(months.sum()), 2)
    return {
        "g4": "river",
        "g12": total,
        **{f"g{13 + m}": float(v) for m, v in enumerate(months)},
        "g25": round(total * metered, 2),
        "g31": round(total * used, 2),
    } | more


def years(code="E1", scale=1000.0, outputs=None, **changed):
    """Eight quiet years of an enterprise; ``y2020=...`` changes the scale of one."""
    made = []
    for n, noise in enumerate(NOISE):
        year = 2017 + n
        factor = changed.get(f"y{year}", 1.0)
        content = {"intake": [line(scale * noise * factor, year=n)]}
        if outputs is not None:
            content["general"] = [{"output": outputs[n]}]
        made.append(((code, str(year)), content))
    return made


def batch_of(form, given):
    return batches.of_contents(form, [h for h, _ in given], [c for _, c in given])


def test_a_figure_is_as_sure_as_the_part_of_it_that_is_metered(form):
    lines = {
        "intake": [line(100.0, metered=0.5), line(300.0, metered=1.0)],
        "discharge": [
            {"d4": "river", "d11": 40.0, "d12": 30.0},
            {"d4": "river", "d11": 60.0},
        ],
    }
    facts = figures.facts(batch_of(form, [(("E1", "2020"), lines)]))
    by_norm = 70e3 * 0.15, 30e3 * 0.025  # 30 of 100 thousand m3 are metered
    assert facts.u_of("discharge") == pytest.approx(np.hypot(*by_norm))
    assert facts.u_of("used") == pytest.approx(0.15 * facts.used)  # no column says
    norm, metered = 50e3 * 0.15, 350e3 * 0.025
    assert facts.u_of("intake") == pytest.approx(np.hypot(norm, metered), rel=1e-4)
    assert np.isnan(facts.u_of("passed_unused")[0])  # not given: no uncertainty of it


@pytest.fixture
def around(country_frames):
    permits = country_frames["permits"].assign(
        limit_m3=[2e6, 2e6], valid_from=pd.to_datetime(["2010-01-01T00:00Z"] * 2)
    )
    enterprises = country_frames["enterprises"].assign(pump_m3h=np.nan)
    return Around(zone="Asia/Baku", permits=permits, enterprises=enterprises)


@pytest.fixture
def look(form, around):
    """Examine returns; findings without a cause by enterprise, period and code."""

    def examine(given, **more):
        surroundings = Around(
            **{
                n: more.get(n, getattr(around, n))
                for n in ("zone", "permits", "enterprises", "meters", "pumps")
            }
        )
        batch = batch_of(form, given)
        found = run.examine(batch, surroundings)
        return {
            (str(batch.enterprise[f.owner]), str(batch.period[f.owner]), f.code): f
            for f in found
            if f.cause is None
        }

    return examine


def test_quiet_years_have_no_finding(look):
    assert look(years()) == {}


@pytest.mark.parametrize("factor", [1e3, 1e-3, 3.6, 1 / 3.6, 86.4, 1 / 86.4])
def test_a_slip_of_the_unit_is_told_by_its_factor_and_explains_the_rest(look, factor):
    found = look(years(y2022=factor, scale=5000.0), permits=pd.DataFrame())
    assert list(found) == [("E1", "2022", "unit_slip")]
    finding = found["E1", "2022", "unit_slip"]
    assert float(finding.values["factor"]) == pytest.approx(factor, rel=0.01)
    assert finding.size_m3 == pytest.approx(abs(5e6 * factor - 5e6), rel=0.1)
    assert "slip of the unit" in finding.text("en")


def test_a_jump_is_found_and_a_plant_that_doubled_is_not(look):
    assert list(look(years(y2021=1.9, scale=500.0))) == [("E1", "2021", "history")]
    doubled = {f"y{year}": 2.0 for year in range(2021, 2025)}
    assert look(years(scale=500.0, **doubled)) == {}
    newest = years(scale=500.0, y2024=2.0, outputs=[10.0] * 7 + [20.0])
    assert look(newest) == {}, "the output doubled as well"
    unexplained = years(scale=500.0, y2024=2.0, outputs=[10.0] * 8)
    assert list(look(unexplained)) == [("E1", "2024", "history")]


def test_a_plant_that_closed_is_no_misreport(look):
    given = years(scale=500.0)
    given[-1] = (("E1", "2024"), {"intake": [{"g4": "river", "g12": 0.0}]})
    assert look(given) == {}


def test_a_copied_year_is_found_with_the_year_it_repeats(look):
    given = years(scale=500.0)
    given[5] = (given[5][0], given[3][1])
    found = look(given)
    assert list(found) == [("E1", "2022", "copied_year")]
    assert found["E1", "2022", "copied_year"].values == {"months": 12, "year": 2020}


def test_a_figure_repeated_by_a_meter_is_found_and_by_a_norm_is_not(look):
    given = years(scale=480.0)
    flat = {f"g{13 + m}": 40.0 for m in range(12)}
    given[4] = (given[4][0], {"intake": [line(480.0) | flat | {"g12": 480.0}]})
    assert list(look(given)) == [("E1", "2021", "same_figure")]
    given[4][1]["intake"][0]["g25"] = 0.0
    assert look(given) == {}


def test_above_the_permit_and_without_one_say_how_much(look, country_frames):
    given = years(scale=900.0, y2020=1.15)
    limits = country_frames["permits"].assign(
        valid_from=pd.to_datetime(["2010-01-01T00:00Z"] * 2)
    )
    found = look(given, permits=limits)
    finding = found["E1", "2020", "over_limit"]
    taken = given[3][1]["intake"][0]["g12"] * 1000
    assert finding.size_m3 == pytest.approx(taken - 1e6)
    assert finding.severity == "warning"
    assert "P1" in finding.text("en")
    expired = limits.assign(
        valid_to=pd.to_datetime(["2024-07-01T00:00+04:00"] * 2, utc=True)
    )
    found = look(years(scale=100.0), permits=expired)
    assert list(found) == [("E1", "2024", "no_permit")]
    assert found["E1", "2024", "no_permit"].values["months"] == "7, 8, 9, 10, 11, 12"


def test_more_than_the_pumps_can_lift_is_found(look, country_frames):
    enterprises = country_frames["enterprises"].assign(pump_m3h=100.0)
    found = look(years(scale=1000.0), enterprises=enterprises)
    assert ("E1", "2020", "pump_capacity") in found
    assert found["E1", "2020", "pump_capacity"].values["limit"] == pytest.approx(74.4)
    assert look(years(scale=500.0), enterprises=enterprises) == {}


def meter(owner, volume, reported, coverage=1.0, u=0.02):
    return pd.DataFrame(
        {"owner": [owner], "volume": [volume], "u": [u * volume],
         "coverage": [coverage], "series": ["MET1"], "reported": [reported]}
    )  # fmt: skip


def test_a_meter_is_compared_with_both_uncertainties(look):
    given = years(scale=1000.0)
    # u of the report: 0.9 metered, hypot(2.25, 1.5) = 2.70 % of it; of the meter 2 %:
    # 2u = 7 % of the meter
    assert look(given, meters=meter(3, 1.0e6, 1.06e6)) == {}
    assert list(look(given, meters=meter(3, 1.0e6, 1.08e6))) == [
        ("E1", "2020", "meter")
    ]
    found = look(given, meters=meter(3, 1.0e6, 1.10e6))
    assert list(found) == [("E1", "2020", "meter")]
    assert found["E1", "2020", "meter"].size_m3 == pytest.approx(1e5)
    assert look(given, meters=meter(3, 0.5e6, 1.0e6, coverage=0.5)) == {}
    assert list(look(given, pumps=meter(3, 1.0e6, 1.4e6))) == [
        ("E1", "2020", "pump_energy")
    ]


def test_a_jump_that_the_meter_confirms_is_a_notice(form, around):
    given = years(y2021=1.9, scale=500.0)
    taken = given[4][1]["intake"][0]["g12"] * 1000
    seen = Around(
        zone=around.zone,
        permits=around.permits,
        enterprises=around.enterprises,
        meters=meter(4, taken, taken),
    )
    found = run.examine(batch_of(form, given), seen)
    assert [(f.code, f.severity, f.cause) for f in found] == [
        ("history", "notice", "meter")
    ]


def test_two_sides_of_a_transfer_are_compared(look):
    def sides(given, taken, giver_metered=1.0):
        seller = line(5000.0, metered=giver_metered, used=0.0)
        seller |= {"g42": "industry", "g42e": "E1", "g43": given}
        buyer = {"g4": "network", "g7": "U1", "g12": taken, "g25": taken}
        content = {"intake": [buyer]}
        return [(("U1", "2024"), {"intake": [seller]}), (("E1", "2024"), content)]

    nothing = pd.DataFrame()
    assert look(sides(1000.0, 1060.0), permits=nothing) == {}
    found = look(sides(1000.0, 700.0), permits=nothing)
    assert list(found) == [("E1", "2024", "mirror")]
    finding = found["E1", "2024", "mirror"]
    assert finding.size_m3 == pytest.approx(300_000)
    assert finding.values["partner"] == "U1"
    # a seller by norm is worth less than a metered buyer
    by_norm = look(sides(1000.0, 600.0, giver_metered=0.0), permits=nothing)
    assert list(by_norm) == [("U1", "2024", "mirror")]
    alone = sides(1000.0, 700.0)
    alone[1] = (("E1", "2024"), {"intake": [{"g4": "river", "g12": 0.0}]})
    assert ("E1", "2024", "mirror_missing") in look(alone, permits=nothing)


def test_more_out_than_in_and_an_odd_share_are_found(look):
    def with_discharge(given, shares):
        for (_, content), share in zip(given, shares, strict=True):
            total = content["intake"][0]["g12"]
            content["discharge"] = [{"d4": "river", "d11": round(total * share, 2)}]
        return given

    quiet = with_discharge(years(scale=500.0), [0.7] * 8)
    assert look(quiet) == {}
    found = look(with_discharge(years(scale=500.0), [0.7] * 5 + [1.3, 0.2, 0.7]))
    assert set(found) == {
        ("E1", "2022", "discharge_above_intake"),
        ("E1", "2023", "discharge_share"),
    }


def test_quarters_that_add_up_otherwise_are_said(look):
    given = years(scale=500.0)
    for q in range(4):
        keys = {f"g{13 + 3 * q + m}": 50.0 for m in range(3)}
        quarter = {"g4": "river", "g12": 150.0, **keys}
        given.append((("E1", f"2024-Q{q + 1}"), {"intake": [quarter]}))
    found = look(given)
    assert list(found) == [("E1", "2024", "quarters_differ")]
    assert found["E1", "2024", "quarters_differ"].values["other"] == pytest.approx(600)


def test_a_break_in_a_total_is_taken_apart(form, around):
    given = [row for n in range(6) for row in years(f"X{n}", scale=100.0 + n)]
    given += years("BIG", scale=900.0)[4:]  # starts to report in 2021
    batch = batch_of(form, given)
    known = figures.facts(batch)
    codes = np.unique(known.enterprise)
    groups = {"sector": pd.Series("industry", index=codes)}
    quiet = totals.breaks(
        known, {"sector": pd.Series("a", index=codes[codes != "BIG"])}, []
    )
    assert quiet == []
    found = totals.breaks(known, groups, [])
    assert found == [], "from then on it stays: the years after agree"
    once = [row for row in given if row[0][0] != "BIG" or row[0][1] == "2021"]
    known = figures.facts(batch_of(form, once))
    found = totals.breaks(known, groups, [])
    intake = next(row for row in found if row["item"] == "intake")
    assert (intake["period"], intake["kind"]) == ("2021", "sector")
    assert intake["evidence"]["suggests"] == "scope"
    assert intake["evidence"]["largest"][0]["enterprise"] == "BIG"


def test_a_norm_is_less_certain_than_a_meter(form):
    batch = batch_of(form, [(("E1", "2024"), {"intake": [line(100.0, metered=0.5)]})])
    known = figures.facts(batch)
    half = np.hypot(0.5 * 0.025, 0.5 * 0.15)  # each part errs by itself
    assert known.u[0] / known.intake[0] == pytest.approx(half, rel=1e-3)
    taken = np.array([known.intake[0]])
    assert known.u[0] == pytest.approx(u_of_parts(taken / 2, taken / 2), rel=1e-3)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "1,000 times the 500.25"), ("ru", "в 1\xa0000 раз"), ("az", "1.000 nisb")],
)
def test_figures_of_messages_are_written_as_people_write_them(language, said):
    found = Finding(
        code="unit_slip", severity="grave",
        values={"value": 500_250.0, "expected": 500.25, "factor": 1e3},
    )  # fmt: skip
    assert said in found.text(language)


def test_a_source_is_named_in_the_language_of_the_message():
    found = Finding(
        code="over_limit", severity="grave",
        values={"source": "groundwater", "value": 3.0, "limit": 1.0, "permits": "P"},
    )  # fmt: skip
    assert "подземные воды" in found.text("ru")
    assert found.document("az")["evidence"]["source"] == "groundwater"


def test_years_and_months_in_messages_have_no_separators():
    found = Finding(
        code="copied_year", severity="warning", values={"months": 12, "year": 2021}
    )
    assert "2021" in found.text("az")


@pytest.mark.db
def test_returns_just_kept_are_examined_as_those_that_are_read_back(
    reporting, people, monkeypatch
):
    monkeypatch.setattr(bulk, "_FEW", 1)
    lines = ["enterprise,period,section,g1,g4,g12,g42e,g42,g43"]
    lines += [f"E1,{year},intake,P1,river,{300 + year},E2,industry,9" for year in
              range(2017, 2021)]  # fmt: skip
    lines += ["E2,2019,intake,P2,groundwater,40000,,,"]
    with reporting.begin() as connection:
        form = built_in()
        # E1 for 2016 is there before, so that both kinds stand side by side
        for part in ([*lines[:1], "E1,2016,intake,P1,river,2000,,,"], lines):
            raw = ("\n".join(part) + "\n").encode()
            batch = bulk_read.read(raw, "a.csv", form)
            bulk.take(connection, people.command, batch, way="csv")
        kept = connection.execute(_FOUND).all()
        run.everything(connection, form)
        assert kept
        assert connection.execute(_FOUND).all() == kept
        named = connection.scalars(
            text("SELECT DISTINCT unnest(partners) FROM enterprise_return")
        )
        assert list(named) == ["E2"]


_FOUND = text(
    "SELECT version_id, code, size_m3, evidence, cause FROM return_finding "
    "ORDER BY 1, 2, 3"
)
