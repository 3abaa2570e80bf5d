"""Collects a country while it is described, and writes its folder."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {
    "calendars": "code timezone day_start year_start",
    "sites": "code kind name_az name_en name_ru lat lon organisation capacity_m3 "
    "dead_m3 full_level_m datum",
    "series": "code site quantity unit signal interval_s timezone modulus max_rate "
    "u_random_pct u_systematic_pct derived",
    "curves": "site kind valid_from valid_to x y segment a h0 b shift",
    "meter_events": "series time event old_reading new_reading",
    "accounts": "code kind territory site sector share name_az name_en name_ru",
    "account_territories": "account territory share",
    "flows": "code from to term sector measured_by u_pct structure reverse re_enters",
    "stocks": "account measured_by",
    "sectors": "isic sector",
    "enterprises": "code name isic territory lat lon pump_m3h",
    "permits": "code enterprise source_kind limit_m3 per valid_from valid_to site",
    "published": "territory year item value unit source note",
    "treaties": "code neighbour flow way kind value unit source note",
    "notices": "code text_az text_en text_ru",
    "simulation/flows": "flow rule value pattern group of",
    "simulation/series": "series truth start end step_s resolution fault",
    "simulation/reservoirs": "account site climate mode release_pattern seepage",
    "simulation/fills": "account year fill",
    "simulation/history": "series mean_m3s pattern group trend start",
    "simulation/patterns": "pattern month value",
    "simulation/years": "year inflow_from_neighbours_hm3 formed_hm3 use_factor",
    "simulation/targets": "year group value_hm3",
    "simulation/reporters": "enterprise item share months bias silent_from silent_to "
    "counterparty",
}


def cell(value: Any) -> str:
    """Write a value as it stands in a file: no exponent, no trailing zeros."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = f"{value:.9f}".rstrip("0").rstrip(".")
        return text if text not in {"", "-0"} else "0"
    return str(value)


@dataclass
class Registry:
    """Rows of every file, and short cuts to add the common ones."""

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in COLUMNS}
    )
    known: set[str] = field(default_factory=set)

    def add(self, file: str, **values: Any) -> None:
        """Add a row; a column the file does not have is a mistake."""
        extra = set(values) - set(COLUMNS[file].split())
        if extra:
            raise KeyError(f"{file} has no column {extra}")
        self.rows[file].append(values)

    def account(
        self,
        code: str,
        kind: str,
        territory: str | None = None,
        names: tuple[str, str, str] | None = None,
        **more: Any,
    ):
        """Add an account once."""
        if code in self.known:
            raise KeyError(f"account {code} twice")
        self.known.add(code)
        if names:
            more |= dict(zip(("name_az", "name_en", "name_ru"), names, strict=True))
        self.add("accounts", code=code, kind=kind, territory=territory, **more)
        return code

    def flow(
        self,
        start: str,
        end: str,
        term: str,
        measured_by: str | None,
        truth: tuple[Any, ...],
        *,
        code: str | None = None,
        u: float | None = None,
        sector: str | None = None,
        structure: str | None = None,
        re_enters: str | None = None,
    ) -> str:
        """Add a flow; ``truth`` is (rule, value, pattern, group, of)."""
        code = code or f"{start}:{end}"
        if code in self.known:
            raise KeyError(f"flow {code} twice")
        self.known.add(code)
        self.rows["flows"].append(
            {
                "code": code,
                "from": start,
                "to": end,
                "term": term,
                "sector": sector,
                "measured_by": measured_by,
                "u_pct": u,
                "structure": structure,
                "re_enters": re_enters,
            }
        )
        rule, value, pattern, group, of = (*truth, None, None, None, None)[:5]
        self.add(
            "simulation/flows",
            flow=code,
            rule=rule,
            value=value,
            pattern=pattern,
            group=group,
            of=of,
        )
        return code

    def site(self, code: str, kind: str, names: tuple[str, str, str], lat, lon, **more):
        """Add a site with its names in Azerbaijani, English and Russian."""
        az, en, ru = names
        self.add(
            "sites",
            code=code,
            kind=kind,
            name_az=az,
            name_en=en,
            name_ru=ru,
            lat=lat,
            lon=lon,
            **more,
        )

    def series(
        self,
        code: str,
        site: str,
        quantity: str,
        unit: str,
        signal: str,
        step: int,
        truth: str,
        *,
        u: tuple[float | None, float | None] = (None, None),
        resolution: float = 0.01,
        start: str = "2021-01-01",
        end: str = "2026-01-01",
        modulus: float | None = None,
        max_rate: float | None = None,
        fault: str | None = None,
    ) -> str:
        """Add a series and the flows (or stock, or depth) it observes."""
        self.add(
            "series",
            code=code,
            site=site,
            quantity=quantity,
            unit=unit,
            signal=signal,
            interval_s=step,
            timezone="Asia/Baku",
            modulus=modulus,
            max_rate=max_rate,
            u_random_pct=u[0],
            u_systematic_pct=u[1],
            derived=False,
        )
        self.add(
            "simulation/series",
            series=code,
            truth=truth,
            start=start,
            end=end,
            step_s=step,
            resolution=resolution,
            fault=fault,
        )
        return code

    def infill(self, natural: set[str], recent: float) -> None:
        """Let seasonal means serve where a discharge is missing for most of a period.

        Parameters
        ----------
        natural
            Gauges whose flow is not regulated: the archive 1991-2020 serves, times
            ``recent``, what the years since bring of it; others serve themselves.
        """
        discharge = {
            row["code"] for row in self.rows["series"] if row["quantity"] == "discharge"
        }
        flow_of = {
            row["measured_by"]: row["code"]
            for row in self.rows["flows"]
            if row["measured_by"] in discharge
        }
        for row in self.rows["flows"]:
            text = row["measured_by"] or ""
            if text in discharge:
                gauge = text.removesuffix(".Q")
                normal = f"{text}D, {recent}" if gauge in natural else text
                row["measured_by"] = f"{text} else rule:seasonal({normal})"
            elif text.startswith("rule:share("):
                base, part = text.removeprefix("rule:share(").split(", ")
                row["measured_by"] = f"rule:share({flow_of.get(base, base)}, {part}"

    def write(self, folder: Path) -> None:
        """Write every CSV file."""
        for name, columns in COLUMNS.items():
            path = folder / f"{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out, lineterminator="\n")
                header = columns.split()
                writer.writerow(header)
                writer.writerows(
                    [cell(row.get(c)) for c in header] for row in self.rows[name]
                )
