"""An explanation as tables for people and as CSV for programs."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

from ewater.accounts.measured import EXTRAPOLATED
from ewater.accounts.render import console_of, figure, hm3
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

Document: TypeAlias = dict[str, Any]

_CSV = (
    "period_start",
    "period_end",
    "level",
    "of",
    "kind",
    "code",
    "value",
    "share",
    "covariance",
    "variance_share",
    "volume_m3",
    "u_random_m3",
    "u_systematic_m3",
    "coverage",
    "status",
    "detail",
)
_HASH = 12  # digits of a hash in a table; JSON and CSV have all
_CHUNKS = 6  # chunks of a series in a table


def as_csv(document: Document) -> str:
    """One line for the cell, each item, source, chunk, load and return."""
    out = io.StringIO()
    for notice in document["notices"]:
        out.write(f"# {notice['en']}\n")
    writer = csv.DictWriter(out, _CSV, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for period in document["periods"]:
        times = {"period_start": period["start"], "period_end": period["end"]}
        for row in _rows(document["cell"], period):
            writer.writerow(times | row)
    return out.getvalue()


def _rows(cell: str, period: Document) -> Iterator[Document]:
    said = period["quantity"]
    yield {
        "level": "cell",
        "code": cell,
        "value": said["value"],
        "coverage": said["coverage"],
        "status": said["status"],
        "covariance": period["variance"],
        "detail": " ".join(said["missing"]) or said["why"],
    }
    for item in period["items"]:
        yield _numbers(item) | {"level": "item", "of": cell, "detail": _ends(item)}
    for level in ("item", "source"):
        rest = period.get(f"other_{level}s")
        if rest and rest["count"]:
            yield rest | {"level": level, "kind": "other", "code": rest["count"]}
    for source in period.get("sources", ()):
        about = {"level": "source", "code": source["source"], "of": cell}
        yield _numbers(source) | about | {"detail": source["way"]}
        for one in source["reports"] or ():
            what = f"{one['item']} revision {one['revision']} {one['status']}"
            about = {"level": "report", "code": one["enterprise"], "detail": what}
            yield about | {"of": source["source"], "volume_m3": one["volume"]}
    for code, held in period.get("series", {}).items():
        for chunk in held["chunks"]:
            about = {"level": "chunk", "of": code, "code": chunk["sha256"]}
            yield about | {"kind": chunk["kind"], "detail": chunk["count"]}
        for load in held["loads"]:
            about = {"level": "load", "of": code, "code": load["load"]}
            detail = f"{load['source']} {load['file_sha256'] or ''}".strip()
            yield about | {"kind": load["kind"], "detail": detail}


def _numbers(row: Document) -> Document:
    names = ("volume", "u_random", "u_systematic")
    return row | {f"{name}_m3": row.get(name) for name in names}


def _ends(item: Document) -> str:
    return f"{item['from']} > {item['to']}" if item["kind"] == "flow" else ""


def print_explanation(document: Document) -> None:
    """Print an explanation, period by period."""
    console = console_of()
    for period in document["periods"]:
        _print_head(console, document, period)
        console.print(_items(period))
        if "sources" in period:
            console.print(_sources(period))
            for line in _asides(period):
                console.print(line, highlight=False, markup=False)
        for code, held in period.get("series", {}).items():
            for line in _held(code, held):
                console.print(line, highlight=False, markup=False)
    for notice in document["notices"]:
        console.print(notice["en"], style="dim", highlight=False, markup=False)


def _print_head(console: Console, document: Document, period: Document) -> None:
    said = period["quantity"]
    where = document["territory"]
    if document["boundary"]:
        where += f", boundary {document['boundary']}"
    days = f"{period['start'][:10]} to {period['end'][:10]}"
    lines = [f"{document['cell']} of {where}, {days}, raw (not reconciled)"]
    text = (
        figure(said) + " hm3"
        if said["unit"] == "m3"
        else f"{_number(said['value'])} ± {_number(said['u'])} {said['unit']}"
    )
    if said["why"]:
        text = f"no value: {said['why']}"
    covered = "" if said["coverage"] is None else f", coverage {said['coverage']:.0%}"
    lines.append(f"{text}, {said['status']}{covered}")
    if period["formula"]:
        lines.append(f"= {period['formula']}, to first order:")
    lines += [
        f"  {_number(cell['slope'])} x {cell['cell']}, "
        f"{_in_unit(cell['value'], cell['unit'])}"
        for cell in period["cells"]
    ]
    if said["missing"]:
        lines.append(f"missing: {', '.join(said['missing'])}")
    for line in lines:
        console.print(line, highlight=False, markup=False)


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for name in ("value", "share", "of variance"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _items(period: Document) -> Table:
    table = _table("Flows, stocks and inputs", "code", "what", "how known")
    unit = period["quantity"]["unit"]
    for item in period["items"]:
        what = item["kind"]
        if item["kind"] == "flow":
            what = f"{item['term']}, {_ends(item)}"
        elif item["factors"]:
            what = f"{item['kind']}: {', '.join(item['factors'])}"
        table.add_row(item["code"], what, _known(item), *_shares(item, unit))
    return _with_rest(table, period["other_items"], unit)


def _sources(period: Document) -> Table:
    table = _table("Sources", "source", "way", "how known")
    unit = period["quantity"]["unit"]
    for one in period["sources"]:
        way = one["way"] or one["measured_by"] or one["site"] or ""
        table.add_row(one["source"], way, _known(one), *_shares(one, unit))
    return _with_rest(table, period["other_sources"], unit)


def _with_rest(table: Table, rest: Document, unit: str) -> Table:
    if rest["count"]:
        table.add_row(f"{rest['count']} others", "", "", *_shares(rest, unit))
    return table


def _known(row: Document) -> str:
    status = row.get("status")
    if status is None:
        return ""
    if status == Status.UNKNOWN.name.lower() or row["coverage"] is None:
        return str(status)
    return f"{status}, {row['coverage']:.0%}"


def _shares(row: Document, unit: str) -> list[str]:
    percent = [
        "" if row[name] is None else f"{100 * row[name]:.1f} %"
        for name in ("share", "variance_share")
    ]
    return [_in_unit(row["value"], unit), *percent]


def _in_unit(value: float | None, unit: str) -> str:
    if unit == "m3":
        return hm3(value, None)
    return f"{_number(value)} {unit}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:,.4g}"


def _asides(period: Document) -> Iterator[str]:
    """Say what of the sources has no column: gaps filled, returns."""
    for one in period["sources"]:
        for gap in one["gaps"]:
            days = f"{gap['seconds'] / 86400:.1f} days"
            if gap["method"] == "none":
                yield f"{gap['series']}: {days} without readings, left open"
                continue
            if gap["method"] == EXTRAPOLATED:
                yield f"{gap['series']}: {days} beyond the gauged range of its rating"
                continue
            donor = "" if gap["donor"] == gap["series"] else f" from {gap['donor']}"
            filled = hm3(gap["volume"], gap["u"])
            yield f"{gap['series']}: {days} filled by {gap['method']}{donor}, {filled}"
        returns = one["reports"]
        if returns is not None:
            who = Counter(row["enterprise"] for row in returns)
            yield f"{one['source']}: {len(returns)} returns of {len(who)} enterprises"


def _held(code: str, held: Document) -> Iterator[str]:
    """Write the evidence of one series in a few lines."""
    found = held["readings"]
    counts = ", ".join(f"{n:,} {name}" for name, n in found["flags"].items())
    yield f"{code}: {found['count']:,} readings ({counts or 'none'})"
    chunks = held["chunks"]
    for chunk in chunks[:_CHUNKS]:
        span = f"{chunk['first_time'][:10]} to {chunk['last_time'][:10]}"
        short = chunk["sha256"][:_HASH]
        yield f"  chunk {short} {chunk['kind']}, {chunk['count']:,}, {span}"
    if len(chunks) > _CHUNKS:
        yield f"  and {len(chunks) - _CHUNKS} more chunks"
    for load in held["loads"]:
        raw = f", file {load['file_sha256'][:_HASH]}" if load["file_sha256"] else ""
        by = f" by {load['by']}" if load["by"] else ""
        day = load["recorded_from"][:19]
        yield f"  load {load['load']} {load['source']}{by}, {day}{raw}"
    for curve in held["curves"]:
        span = f"from {(curve['valid_from'] or 'ever')[:10]}"
        short = curve["sha256"][:_HASH]
        yield f"  {curve['kind']} curve {short}, {curve['points']} points, {span}"
    for event in held["meter_events"]:
        yield f"  meter event {event['event']} at {event['time']}"
    for test in held["pumps"]:
        yield f"  pump test recorded {test['recorded_from'][:19]}"
    for one in held["verdicts"]:
        yield f"  {one['level']} by {one['by'] or 'a person'}: {one['reason']}"
