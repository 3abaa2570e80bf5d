"""Reports and permits of another country's files, by a description alone.

A mapping (YAML) says which columns of a CSV file or a workbook name the enterprise,
the period and the figures; rows become enterprises, reports or permits of the
registry. See docs/reports.md.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ewater import described
from ewater.balance.reported import with_sector
from ewater.balance.returns import approved
from ewater.errors import Fault, FaultsError, UsageError
from ewater.reports import known, periods
from ewater.store import registry
from ewater.store.folder_files import REPORT_ITEMS
from ewater.units import factor
from ewater.workbooks import check_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

SEE = "docs/reports.md"
_NO_CODE = re.compile(r"[^A-Za-z0-9_.:-]+")
_FIELD = re.compile(r"\{([^{}]+)\}")


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Said):
    """How the file is read."""

    kind: Literal["csv", "xlsx"]
    skip: Annotated[int, Field(ge=0)] = 0
    sheet: str | None = None
    missing: tuple[str, ...] = ()


class Figure(_Said):
    """One column that is a figure."""

    column: str
    item: str
    source: str | None = None
    purpose: str | None = None


class Part(_Said):
    """Figures of one activity: an enterprise of its own in every row."""

    isic: str
    figures: Annotated[tuple[Figure, ...], Field(min_length=1)]


class Limit(_Said):
    """The column that is the limit of a permit, and the activity by its use."""

    column: str
    code: str
    per: Literal["year", "month", "day"] = "year"
    source_kind: str | None = None
    use: str
    isic: dict[str, str]
    other: str


class Archive(_Said):
    """A whole description."""

    archive: str
    about: str
    file: Source
    unit: str
    enterprise: str
    name: str | None = None
    territory: str | None = None
    country: str
    period: str | None = None
    parts: dict[str, Part] = Field(default_factory=dict)
    permits: Limit | None = None


def parse(text: str, file: str) -> Archive:
    """Read a mapping.

    Raises
    ------
    FaultsError
        Every fault with its line.
    """
    said, lines = described.load(text, file, SEE)
    try:
        made = Archive.model_validate(said)
    except ValidationError as error:
        raise described.faults_of(error, file, lines, "mapping", SEE) from error
    for part in made.parts.values():
        for figure in part.figures:
            if figure.item not in REPORT_ITEMS:
                message = f"no item {figure.item!r}"
                raise described.refused(
                    file, 1, "item", message, f"one of {', '.join(REPORT_ITEMS)}"
                )
    if not made.parts and made.permits is None:
        raise described.refused(file, 1, "", "gives neither parts nor permits", SEE)
    return made


def frames(
    raw: bytes, file: str, mapping: Archive, zone: str = "UTC"
) -> dict[str, pd.DataFrame]:
    """Make country frames of a file; years begin at midnight in ``zone``.

    Returns
    -------
    dict
        ``territories``, ``enterprises`` and ``reports`` or ``permits``. A figure that
        is missing is a refusal, no zero; a permit without a limit is left out.

    Raises
    ------
    FaultsError
        A column is not there, a figure is no number, the file is none.
    """
    table = _table(raw, file, mapping)
    _check(table, file, mapping)
    if mapping.permits:
        made = _permits(table, file, mapping)
    else:
        made = _reports(table, file, mapping, zone)
    if mapping.territory is not None:
        codes = sorted(set(made["enterprises"]["territory"].dropna()))
        made["territories"] = pd.DataFrame(
            {"code": codes, "kind": "district", "parent": mapping.country}
        )
    return made


def load(connection: Connection, made: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    """Add frames of a file to the registry; what stands there stays.

    Returns
    -------
    dict
        New rows by table.
    """
    counts = {}
    for name in ("territories", "enterprises", "permits"):
        if name in made:
            standing = set(registry.read_table(connection, name)["code"])
            fresh = made[name][~made[name]["code"].isin(standing)]
            registry.add(connection, name, fresh)
            counts[name] = len(fresh)
    if "reports" in made:
        done = registry.load(connection, {"reports": made["reports"]})
        counts["reports"] = done.tables["reports"].new
    return counts


def totals(connection: Connection, period: str) -> list[dict[str, Any]]:
    """Add up what was reported for a year, and what is permitted, by sector.

    Returns
    -------
    list of dict
        ``sector``, ``item`` (``permitted`` of permits), ``volume_m3``, ``enterprises``
        and ``missing``, how many gave no figure.
    """
    start, end = periods.read(period).edges(known.zone_of(connection))
    read = {
        name: registry.read_table(connection, name)
        for name in ("enterprises", "sectors", "reports", "permits")
    }
    sector = with_sector(read["enterprises"], read["sectors"]).set_index("code")[
        "sector"
    ]
    told = approved(read["reports"])
    told = told[(told["period_start"] >= start) & (told["period_end"] <= end)]
    parts = [told[["enterprise", "item", "volume"]]]
    permits = read["permits"]
    if len(permits):
        times = permits["per"].map({"year": 1.0, "month": 12.0, "day": 365.0})
        valid = (permits["valid_from"].isna() | (permits["valid_from"] < end)) & (
            permits["valid_to"].isna() | (permits["valid_to"] > start)
        )
        limit = permits["limit_m3"] * times.astype(float)
        parts.append(
            permits[valid][["enterprise"]].assign(item="permitted", volume=limit[valid])
        )
    table = pd.concat(parts, ignore_index=True)
    table["sector"] = table["enterprise"].map(sector).astype(object)
    table.loc[table["sector"].isna(), "sector"] = None
    groups = table.groupby(["sector", "item"], dropna=False)
    found = groups.agg(
        volume_m3=("volume", "sum"),
        enterprises=("enterprise", "nunique"),
        missing=("volume", lambda column: int(column.isna().sum())),
    ).reset_index()
    found["sector"] = (
        found["sector"].astype(object).where(found["sector"].notna(), None)
    )
    rows: list[dict[str, Any]] = found.to_dict("records")  # type: ignore[assignment]
    return rows


def _table(raw: bytes, file: str, mapping: Archive) -> pd.DataFrame:
    said = mapping.file
    missing = ["", *said.missing]
    try:
        if said.kind == "csv":
            table = pd.read_csv(
                io.BytesIO(raw),
                skiprows=said.skip,
                dtype=str,
                keep_default_na=False,
                na_values=missing,
                encoding="utf-8-sig",
            )
        else:
            check_size(raw)
            table = pd.read_excel(
                io.BytesIO(raw),
                sheet_name=said.sheet or 0,
                skiprows=said.skip,
                dtype=object,
                na_values=missing,
                engine="openpyxl",
            )
    except (ValueError, OSError, KeyError) as error:
        raise _refused(file, None, None, str(error), f"a {said.kind} file") from error
    return table.rename(columns=lambda name: str(name).strip())


def _check(table: pd.DataFrame, file: str, mapping: Archive) -> None:
    templates = (mapping.enterprise, mapping.name, mapping.territory, mapping.period)
    wanted = {f for t in templates if t for f in _FIELD.findall(t) if f != "part"}
    wanted |= {f.column for p in mapping.parts.values() for f in p.figures}
    if mapping.permits:
        wanted |= {mapping.permits.column, mapping.permits.use}
        wanted |= set(_FIELD.findall(mapping.permits.code))
    faults = [
        Fault(
            file=file,
            line=mapping.file.skip + 1,
            column=name,
            message="is no column of the file",
            allowed=", ".join(map(str, table.columns[:12])),
        )
        for name in sorted(wanted - set(table.columns))
    ]
    if faults:
        raise FaultsError(faults)


def _filled(
    table: pd.DataFrame, template: str, part: str = "", *, code: bool
) -> pd.Series:
    """Fill a template from the cells of each row."""
    made = pd.Series("", index=table.index, dtype="str")
    at = 0
    for match in _FIELD.finditer(template):
        made += template[at : match.start()]
        said = part if match[1] == "part" else table[match[1]].fillna("").astype(str)
        made += said
        at = match.end()
    made += template[at:]
    if not code:
        return made.str.strip()
    return made.map(lambda text: _NO_CODE.sub("-", text.strip()).strip("-"))


def _numbers(
    table: pd.DataFrame, column: str, file: str, mapping: Archive
) -> pd.Series:
    values = pd.to_numeric(table[column], errors="coerce")
    bad = np.flatnonzero((values.isna() & table[column].notna()) | (values < 0))
    if len(bad):
        line = int(bad[0]) + mapping.file.skip + 2
        said = table[column].iloc[int(bad[0])]
        raise _refused(
            file, line, column, f"{said!r} is no volume", "a number, or empty"
        )
    return values.astype(float)


def _reports(
    table: pd.DataFrame, file: str, mapping: Archive, zone: str
) -> dict[str, pd.DataFrame]:
    if mapping.period is None:
        raise UsageError(f"{mapping.archive}: say the period of the reports")
    said = _filled(table, mapping.period, code=False)
    edges = {text: periods.read(text).edges(zone) for text in set(said)}
    starts, ends = (
        pd.to_datetime(said.map({k: v[n] for k, v in edges.items()}), utc=True)
        for n in (0, 1)
    )
    days = (ends - starts).dt.total_seconds() / 86_400
    enterprises, reports = [], []
    for key, part in mapping.parts.items():
        code = _filled(table, mapping.enterprise, key, code=True)
        enterprises.append(_enterprise(table, mapping, code, part.isic))
        for figure in part.figures:
            value = _numbers(table, figure.column, file, mapping)
            reports.append(
                pd.DataFrame(
                    {
                        "enterprise": code,
                        "period_start": starts,
                        "period_end": ends,
                        "item": figure.item,
                        "value": value * _factor(mapping.unit, days),
                        "unit": "m3",
                        "source": figure.source,
                        "purpose": figure.purpose,
                        "status": "approved",
                    }
                )
            )
    return {
        "enterprises": pd.concat(enterprises, ignore_index=True),
        "reports": pd.concat(reports, ignore_index=True),
    }


def _enterprise(
    table: pd.DataFrame, mapping: Archive, code: pd.Series, isic: Any
) -> pd.DataFrame:
    made = pd.DataFrame({"code": code, "isic": isic})
    made["name"] = _filled(table, mapping.name, code=False) if mapping.name else None
    made["territory"] = (
        _filled(table, mapping.territory, code=True) if mapping.territory else None
    )
    return made


def _permits(
    table: pd.DataFrame, file: str, mapping: Archive
) -> dict[str, pd.DataFrame]:
    limit = mapping.permits
    assert limit is not None  # noqa: S101 - the caller looked
    value = _numbers(table, limit.column, file, mapping)
    given = table[value.notna()]
    value = value[value.notna()]
    code = _filled(given, limit.code, code=True)
    holder = _filled(given, mapping.enterprise, code=True)
    first = given[limit.use].fillna("").astype(str).str.split(",").str[0].str.strip()
    isic = first.map(limit.isic).fillna(limit.other)
    length = {"year": 365.0, "month": 365.0 / 12, "day": 1.0}[limit.per]
    days = pd.Series(length, index=given.index)
    enterprises = _enterprise(given, mapping, holder, isic).drop_duplicates("code")
    return {
        "enterprises": enterprises.reset_index(drop=True),
        "permits": pd.DataFrame(
            {
                "code": code,
                "enterprise": holder,
                "source_kind": limit.source_kind,
                "limit_m3": value * _factor(mapping.unit, days),
                "per": limit.per,
            }
        ).reset_index(drop=True),
    }


def _factor(unit: str, days: pd.Series) -> pd.Series | float:
    """Cubic metres of a unit: of a volume, or of a rate over so many days."""
    try:
        return factor(unit, "m3")
    except UsageError:
        return factor(unit, "m3/day") * days


def _refused(
    file: str, line: int | None, column: str | None, message: str, allowed: str
) -> FaultsError:
    fault = Fault(file=file, line=line, column=column, message=message, allowed=allowed)
    return FaultsError([fault])
