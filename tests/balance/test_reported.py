from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.balance.reported import IMPUTED_U, REPORT_U, reported_volumes
from ewater.terms import Status

COLUMNS = "enterprise period_start period_end item value unit source purpose status"


def day(text):
    return pd.Timestamp(text, tz="UTC")


def bounds(*days):
    return np.array([day(d).value // 1000 for d in days], dtype=np.int64)


def reports(*rows):
    frame = pd.DataFrame(rows, columns=[*COLUMNS.split(), "counterparty", "revision"])
    for column in ("period_start", "period_end"):
        frame[column] = pd.to_datetime(frame[column], utc=True).dt.as_unit("us")
    return frame


def row(enterprise, start, end, value, *, item="used", status="approved", revision=0):
    return (
        enterprise, start, end, item, value, "hm3", None, None, status, None, revision,
    )  # fmt: skip


def country(report_frame, enterprises=("E1",), permits=()):
    return {
        "reports": report_frame,
        "enterprises": pd.DataFrame(
            {"code": enterprises, "isic": "C20", "territory": "D1"}
        ),
        "sectors": pd.DataFrame({"isic": ["C"], "sector": ["industry"]}),
        "permits": pd.DataFrame(
            list(permits), columns=["enterprise", "valid_from", "valid_to"]
        ).astype(
            {"valid_from": "datetime64[us, UTC]", "valid_to": "datetime64[us, UTC]"}
        ),
    }


def total(frames, edges, *, impute=False, item="used"):
    volumes = reported_volumes(frames, edges).select(item, {"D1"}, "industry")
    return volumes.total(impute=impute)


def test_a_quarter_is_split_by_days_and_its_total_kept():
    frames = country(reports(row("E1", "2023-01-01", "2023-04-01", 9.0)))
    months = bounds("2023-01-01", "2023-02-01", "2023-03-01", "2023-04-01")
    volume = total(frames, months).volume
    np.testing.assert_allclose(volume / 1e6, [3.1, 2.8, 3.1])
    assert volume.sum() == pytest.approx(9e6, rel=1e-15)


def test_a_country_without_permits_has_its_returns_all_the_same():
    none = {name: pd.Series([], dtype="str") for name in ("enterprise", "code", "per")}
    permits = pd.DataFrame(none | {"limit_m3": pd.Series([], dtype=float)})
    for name in ("valid_from", "valid_to"):
        permits[name] = pd.Series([], dtype="datetime64[us, UTC]")
    frames = country(reports(row("E1", "2023-01-01", "2024-01-01", 5.0)))
    edges = bounds("2023-01-01", "2024-01-01")
    given = total(frames | {"permits": permits}, edges)
    assert given.volume == total(frames, edges).volume


def test_the_highest_revision_counts_and_drafts_do_not():
    frames = country(
        reports(
            row("E1", "2023-01-01", "2024-01-01", 5.0),
            row("E1", "2023-01-01", "2024-01-01", 7.0, revision=1),
            row("E1", "2023-01-01", "2024-01-01", 9.0, revision=2, status="submitted"),
        )
    )
    assert total(frames, bounds("2023-01-01", "2024-01-01")).volume == 7e6


def test_an_explicit_nil_is_zero_and_a_missing_return_is_unknown():
    frames = country(
        reports(
            row("E1", "2022-01-01", "2023-01-01", 4.0),
            row("E1", "2023-01-01", "2024-01-01", 0.0),
        )
    )
    years = bounds("2022-01-01", "2023-01-01", "2024-01-01", "2025-01-01")
    estimate = total(frames, years)
    np.testing.assert_array_equal(estimate.volume, [4e6, 0.0, np.nan])
    assert estimate.status.tolist() == [
        Status.REPORTED, Status.REPORTED, Status.UNKNOWN,
    ]  # fmt: skip


def test_one_silent_enterprise_makes_the_sum_unknown_not_smaller():
    frames = country(
        reports(
            row("E1", "2022-01-01", "2023-01-01", 4.0),
            row("E2", "2022-01-01", "2023-01-01", 6.0),
            row("E1", "2023-01-01", "2024-01-01", 5.0),
        ),
        enterprises=("E1", "E2"),
    )
    years = bounds("2022-01-01", "2023-01-01", "2024-01-01")
    np.testing.assert_array_equal(total(frames, years).volume, [10e6, np.nan])


def test_an_enterprise_that_never_answered_is_due_all_the_same():
    frames = country(
        reports(row("E1", "2022-01-01", "2023-01-01", 4.0)),
        enterprises=("E1", "SILENT"),
    )
    assert np.isnan(total(frames, bounds("2022-01-01", "2023-01-01")).volume[0])


def test_no_return_is_due_before_or_after_the_permit():
    permit = ("E2", day("2022-01-01"), day("2023-01-01"))
    frames = country(
        reports(
            row("E1", "2022-01-01", "2024-01-01", 8.0),
            row("E2", "2022-01-01", "2023-01-01", 6.0),
        ),
        enterprises=("E1", "E2"),
        permits=[permit],
    )
    years = bounds("2022-01-01", "2023-01-01", "2024-01-01")
    np.testing.assert_allclose(total(frames, years).volume, [10e6, 4e6])


def test_a_missing_return_is_imputed_from_the_year_before_with_a_wide_margin():
    frames = country(
        reports(
            row("E1", "2022-01-01", "2023-01-01", 4.0),
            row("E2", "2022-01-01", "2023-01-01", 6.0),
            row("E1", "2023-01-01", "2024-01-01", 5.0),
        ),
        enterprises=("E1", "E2"),
    )
    estimate = total(frames, bounds("2023-01-01", "2024-01-01"), impute=True)
    assert estimate.volume[0] == pytest.approx(11e6)
    assert estimate.u_systematic[0] == pytest.approx(
        np.hypot(REPORT_U * 5e6, IMPUTED_U * 6e6)
    )
    assert estimate.status[0] == Status.IMPUTED
    assert estimate.coverage[0] == pytest.approx(5 / 11)


@pytest.mark.parametrize(("answering", "imputed"), [(5, 3.0), (4, 2.0)])
def test_a_missing_return_follows_the_change_of_five_that_answered(answering, imputed):
    names = [f"E{n}" for n in range(answering)]
    given = [row(name, "2022-01-01", "2023-01-01", 2.0) for name in [*names, "SILENT"]]
    given += [row(name, "2023-01-01", "2024-01-01", 3.0) for name in names]
    frames = country(reports(*given), enterprises=(*names, "SILENT"))
    estimate = total(frames, bounds("2023-01-01", "2024-01-01"), impute=True)
    assert estimate.volume[0] / 1e6 == pytest.approx(3.0 * answering + imputed)
    assert estimate.coverage[0] < 1


def test_the_small_do_not_follow_the_change_of_the_large():
    large, small = [f"L{n}" for n in range(5)], [f"S{n}" for n in range(5)]
    given = [row(name, "2022-01-01", "2023-01-01", 20.0) for name in large]
    given += [row(name, "2023-01-01", "2024-01-01", 40.0) for name in large]
    given += [row(n, "2022-01-01", "2023-01-01", 0.2) for n in [*small, "SILENT"]]
    given += [row(name, "2023-01-01", "2024-01-01", 0.1) for name in small]
    frames = country(reports(*given), enterprises=(*large, *small, "SILENT"))
    estimate = total(frames, bounds("2023-01-01", "2024-01-01"), impute=True)
    assert estimate.volume[0] / 1e6 == pytest.approx(5 * 40 + 5 * 0.1 + 0.1)


def test_a_refusal_is_imputed_and_not_zero():
    given = [
        row("E1", "2022-01-01", "2023-01-01", 4.0),
        row("E1", "2023-01-01", "2024-01-01", np.nan),
        row("E2", "2023-01-01", "2024-01-01", np.nan),
    ]
    frames = country(reports(*given), enterprises=("E1", "E2"))
    year = bounds("2023-01-01", "2024-01-01")
    assert np.isnan(total(frames, year).volume[0])
    assert np.isnan(total(frames, year, impute=True).volume[0])  # E2 has no past
    frames = country(reports(*given[:2]))
    assert total(frames, year, impute=True).volume[0] == 4e6


def test_two_lines_of_one_return_add_up_but_cover_its_time_once():
    lines = reports(
        row("E1", "2023-01-01", "2024-01-01", 4.0),
        row("E1", "2023-01-01", "2024-01-01", 6.0),
    )
    lines["source"] = ["river", "well"]
    estimate = total(country(lines), bounds("2023-01-01", "2024-01-01"))
    assert estimate.volume[0] == pytest.approx(10e6)
    assert estimate.coverage[0] == pytest.approx(1.0)


def test_a_country_without_permits_has_no_permitted_size():
    frames = country(reports(row("E1", "2023-01-01", "2024-01-01", 5.0)))
    nothing = pd.DataFrame({"code": [], "limit_m3": [], "per": []}, dtype="str")
    frames["permits"] = frames["permits"].join(nothing)
    assert total(frames, bounds("2023-01-01", "2024-01-01")).volume == 5e6
