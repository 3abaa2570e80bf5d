"""Which columns a site's sheet has, by the series and flows of the registry.

A person fills in what is read or summed up once or a few times a day. Series that
come more often are telemetry: a day's figure among them would say something else.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater import written
from ewater.errors import UsageError
from ewater.ingest.templates import words
from ewater.ingest.templates.form import IDENTITY, Column, Form, Sheet
from ewater.store.folder_table import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from ewater.series.calendars import Calendar

    Frames = Mapping[str, pd.DataFrame]
    #: Series that an expression adds up, without those it takes away.
    Parts = Callable[[str], Sequence[str]]

DAY_S = 86_400.0
OFTEN_S = 10_800.0  # more often than every three hours is telemetry
_COUNTERS = ("totaliser",)
_WHOLE_DAYS = ("mean_preceding", "total_preceding")
_LONGEST_NAME = 31  # of a sheet
_UNNAMED = str.maketrans(dict.fromkeys(r"[]:*?/\'", "_"))
_MOST_ROWS = 1100  # days of one sheet: three years


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Sites that a kind is for, what is asked of them, and what the two ways are."""

    name: str
    sites: tuple[str, ...]
    quantities: tuple[str, ...]
    ways: tuple[str, str] = ("inflow", "outflow")


KINDS = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(
                name="reservoir",
                sites=("reservoir",),
                quantities=(
                    "level", "storage", "discharge", "volume", "precipitation",
                    "evaporation",
                ),
            ),
            Kind(
                name="junction",
                sites=("hydro_junction",),
                quantities=("discharge", "volume", "level"),
                ways=("received", "passed_on"),
            ),
            Kind(
                name="gauge",
                sites=("river_gauge", "canal"),
                quantities=("level", "discharge"),
            ),
            Kind(
                name="well",
                sites=("well",),
                quantities=(
                    "pump_hours", "energy", "volume", "discharge",
                    "groundwater_level", "level",
                ),
            ),
        )
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a workbook is asked for."""

    kind: str
    sites: Sequence[str] = ()
    territory: str | None = None
    start: dt.date
    end: dt.date
    language: str = "en"
    at: str = "08:00"


def kind_of(name: str) -> Kind:
    """Find a kind.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    if name not in KINDS:
        raise UsageError(f"no template {name!r}; {nearest(name, KINDS, 'use one')}")
    return KINDS[name]


def asked(
    frames: Frames, kind: Kind, site: str
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Rows of the series of a site for a kind, and codes that are telemetry."""
    series = frames["series"]
    here = series[(series["site"] == site) & series["quantity"].isin(kind.quantities)]
    latest = here.drop_duplicates("code", keep="last").to_dict("records")
    rows: list[Mapping[str, Any]] = [{str(k): v for k, v in r.items()} for r in latest]
    fits = [row for row in rows if _by_hand(row)]
    rank = {name: place for place, name in enumerate(kind.quantities)}
    fits.sort(key=lambda row: (rank[row["quantity"]], row["code"]))
    return fits, [str(row["code"]) for row in rows if not _by_hand(row)]


def form(frames: Frames, wanted: Wanted, calendar: Calendar, parts: Parts) -> Form:
    """Plan a workbook.

    Parameters
    ----------
    frames
        Country frames, with ``site_territories`` where a territory is asked for.
    wanted
        Kind, sites and days.
    calendar
        Whose days the rows are.
    parts
        Reads the sums in ``measured_by``.

    Raises
    ------
    UsageError
        A site, territory or kind is unknown or has nothing to fill in.
    """
    kind = kind_of(wanted.kind)
    _check(wanted)
    sheets = []
    taken = {IDENTITY, words.say("instructions", wanted.language).lower()}
    for site in _sites(frames, wanted, kind):
        name = _sheet_name(site, taken)
        taken.add(name.lower())
        sheets.append(_sheet(frames, site, name, wanted, kind, parts))
    return Form(
        kind=kind.name,
        language=wanted.language,
        calendar=calendar,
        start=wanted.start,
        end=wanted.end,
        sheets=tuple(sheets),
    )


def _check(wanted: Wanted) -> None:
    if wanted.language not in written.LANGUAGES:
        known = ", ".join(written.LANGUAGES)
        raise UsageError(f"no language {wanted.language!r}; use one of {known}")
    if (wanted.end - wanted.start).days > _MOST_ROWS:
        raise UsageError(
            f"{(wanted.end - wanted.start).days:,} days are too many for a person to "
            f"fill in; ask for at most {_MOST_ROWS:,}"
        )
    try:
        dt.datetime.strptime(wanted.at, "%H:%M")  # noqa: DTZ007 - a time of day
    except ValueError as error:
        raise UsageError(
            f"{wanted.at!r} is no time of day; write one such as 08:00"
        ) from error


def of_kind(sites: pd.DataFrame, kind: Kind) -> list[str]:
    """Sites that a kind is for, in order."""
    return sorted(set(sites.loc[sites["kind"].isin(kind.sites), "code"]))


def _sites(frames: Frames, wanted: Wanted, kind: Kind) -> list[str]:
    """Sites that were named, or those of the kind that have something to fill in."""
    known = set(frames["sites"]["code"])
    for site in wanted.sites:
        if site not in known:
            raise UsageError(f"no site {site!r}; {nearest(site, known, 'a site')}")
        if not asked(frames, kind, site)[0]:
            raise UsageError(_nothing(frames, kind, site))
    if wanted.sites:
        return list(dict.fromkeys(wanted.sites))
    everywhere = of_kind(frames["sites"], kind)
    found = [site for site in everywhere if asked(frames, kind, site)[0]]
    where = "the country"
    if wanted.territory is not None:
        where = wanted.territory
        known = set(frames["territories"]["code"])
        if where not in known:
            near = nearest(where, known, "a territory")
            raise UsageError(f"no territory {where!r}; {near}")
        pairs = frames["site_territories"]
        inside = set(pairs.loc[pairs["territory"] == where, "site"])
        found = [site for site in found if site in inside]
    if not found:
        raise UsageError(
            f"no {kind.name} of {where} has a series that a person can fill in; "
            "`ewater template --list` shows which sites have"
        )
    return found


def _nothing(frames: Frames, kind: Kind, site: str) -> str:
    _, often = asked(frames, kind, site)
    wants = ", ".join(kind.quantities)
    if often:
        return (
            f"{site}: {', '.join(often)} come by telemetry or as pulses; a template "
            "takes what is read or summed up once or a few times a day"
        )
    return f"{site} has no series for a {kind.name} template; it takes {wants}"


def _by_hand(row: Mapping[str, Any]) -> bool:
    interval = float(row["interval_s"])
    if row["signal"] in _WHOLE_DAYS:
        return interval == DAY_S
    return row["signal"] != "pulse" and not interval < OFTEN_S


def _sheet_name(site: str, taken: set[str]) -> str:
    name = site.translate(_UNNAMED)[:_LONGEST_NAME]
    number = 2
    while name.lower() in taken:
        ending = f"~{number}"
        name = site.translate(_UNNAMED)[: _LONGEST_NAME - len(ending)] + ending
        number += 1
    return name


def _sheet(
    frames: Frames, site: str, name: str, wanted: Wanted, kind: Kind, parts: Parts
) -> Sheet:
    ways = _ways(frames, site, parts)
    columns: list[tuple[tuple[int, int], Column]] = []
    for row in asked(frames, kind, site)[0]:
        label, way = _label(row, site, ways, kind, wanted.language)
        rank = kind.quantities.index(row["quantity"])
        columns += [
            ((rank, way), _column(row, at, label, wanted.language))
            for at in _times(row, wanted.at)
        ]
    columns.sort(key=lambda pair: pair[0])
    sites = frames["sites"]
    place = sites[sites["code"] == site].iloc[-1]
    given = [place[f"name_{code}"] for code in (wanted.language, "en", "az", "ru")]
    named = next((word for word in given if isinstance(word, str)), site)
    return Sheet(
        name=name,
        title=f"{words.say(kind.name, wanted.language)}: {named} ({site})",
        columns=_distinct([column for _, column in columns]),
    )


def _column(row: Mapping[str, Any], at: str, label: str, language: str) -> Column:
    unit = written.unit(str(row["unit"]), language)
    return Column(
        series=str(row["code"]),
        quantity=str(row["quantity"]),
        signal=str(row["signal"]),
        unit=str(row["unit"]),
        at=at,
        label=label,
        shown=f"{unit}, {words.say(row['signal'], language, at=at)}",
    )


def _distinct(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Add the code where two columns would be called the same."""
    listed = list(columns)
    count = Counter((c.label, c.at) for c in listed)
    return tuple(
        replace(c, label=f"{c.label} ({c.series})") if count[c.label, c.at] > 1 else c
        for c in listed
    )


def _times(row: Mapping[str, Any], first: str) -> list[str]:
    """Name the times of day at which an instant is read; "" stands for a whole day."""
    if row["signal"] in _WHOLE_DAYS:
        return [""]
    interval = float(row["interval_s"])
    step = int(interval) if OFTEN_S <= interval < DAY_S else int(DAY_S)
    hours, minutes = first.split(":")
    start = int(hours) * 3600 + int(minutes) * 60
    times = sorted((start + k * step) % int(DAY_S) for k in range(int(DAY_S) // step))
    return [f"{t // 3600:02d}:{t % 3600 // 60:02d}" for t in times]


def _ways(frames: Frames, site: str, parts: Parts) -> dict[str, tuple[int, str]]:
    """Which way the water of a series goes (0 in, 1 out, 2 unknown), through what."""
    accounts = frames["accounts"]
    here = set(accounts.loc[accounts["site"] == site, "code"])
    place = dict(zip(accounts["code"], accounts["site"], strict=True))
    found: dict[str, tuple[int, str]] = {}
    for flow in frames["flows"].to_dict("records"):
        text = flow["measured_by"]
        for code in parts(text) if isinstance(text, str) else ():
            way = 0 if flow["to"] in here else 1 if flow["from"] in here else 2
            other = flow["from"] if way == 0 else flow["to"]
            through = flow["structure"]
            said = through if isinstance(through, str) else _at(place.get(other), other)
            if code not in found or found[code][0] > way:
                found[code] = (way, str(said))
    return found


def _at(site: object, account: str) -> str:
    return site if isinstance(site, str) else account


def _label(
    row: Mapping[str, Any],
    site: str,
    ways: Mapping[str, tuple[int, str]],
    kind: Kind,
    language: str,
) -> tuple[str, int]:
    """Heading of a series, and its rank among those of its quantity."""
    code, quantity = str(row["code"]), str(row["quantity"])
    way, through = ways.get(code, (2, ""))
    if quantity in ("discharge", "volume") and way < len(kind.ways):
        what = words.say(kind.ways[way], language)
        return f"{what}: {words.say(through, language)}", way
    counts = row["signal"] in _COUNTERS and words.knows(f"{quantity}_counter")
    label = words.say(f"{quantity}_counter" if counts else quantity, language)
    if quantity == "discharge" and words.knows(through):
        return f"{label}: {words.say(through, language)}", way
    suffix = code.removeprefix(site).lstrip(".:-_")
    plain = quantity in ("level", "storage", "precipitation", "evaporation")
    return (label if plain or not suffix else f"{label} ({suffix})"), way
