"""Tables of users: by ISIC group, source and supplier, against permits, the largest."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ewater.dashboard import totals
from ewater.dashboard.exhibits import Column, Facts, Sheet
from ewater.dashboard.isic import isic_words
from ewater.dashboard.labels import SECTORS
from ewater.dashboard.pages.sectors import sums
from ewater.dashboard.questions.users import users
from ewater.dashboard.return_labels import SOURCES, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Row = Mapping[str, Any]

LARGEST = 25
_TAKEN = ("abstraction", "received")


def _told(reader: CachedReader, state: State) -> dict[str, Any]:
    told: dict[str, Any] = reader.ask(
        users,
        state.territory,
        state.start,
        state.end,
        state.basis,
        state.sector,
    )
    return told


def _taken(row: Row) -> float | None:
    """Sum what an enterprise took and received; None where it returned neither."""
    parts = [row[item] for item in _TAKEN]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _sum(values: Iterable[float | None]) -> float | None:
    """Sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _facts(rows: Sequence[Row], lang: Language) -> Facts:
    """Say how much of it was reported and how much imputed."""
    reported = _sum(map(_taken, rows)) or 0.0
    imputed = _sum(row["imputed"] for row in rows) or 0.0
    whole = reported + imputed
    parts = [
        sums.made(
            (_taken(row) or 0.0) + (row["imputed"] or 0.0),
            None,
            "reported",
            coverage=min(row["covered"], 1.0),
        )
        for row in rows
        if row["covered"] is not None
    ]
    return Facts(
        uncertainty=lang.gettext("± 5 to 30 % by metered share; imputed ± 60 %"),
        statuses={"reported": reported / whole, "imputed": imputed / whole}
        if whole
        else {},
        coverage=totals.add(parts)["coverage"],
    )


def _none(lang: Language) -> str:
    return lang.gettext("No enterprise of this territory owes or sent a return.")


def isic(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Sum the returns of each ISIC group, and what was imputed."""
    say = lang.gettext
    told = _told(reader, state)["enterprises"]
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in told:
        groups[row["isic"][:2]].append(row)
    rows: list[dict[str, Any]] = []
    for group, mine in groups.items():
        taken = [(_taken(row), row["metered"]) for row in mine]
        weighted = [(t, m) for t, m in taken if t and m is not None]
        weight = sum(t for t, _ in weighted)
        rows.append(
            {
                "isic": group,
                "division": isic_words(group, lang),
                "sector": named(SECTORS, mine[0]["sector"], lang),
                "count": len(mine),
                "silent": sum(t is None for t, _ in taken),
                "reported": _sum(t for t, _ in taken),
                "imputed": _sum(row["imputed"] for row in mine),
                "reported_u": sums.reported(
                    said for row in mine for said in sums.of_items(row, *_TAKEN)
                ),
                "imputed_u": sums.imputed(_sum(row["imputed"] for row in mine)),
                "use_u": sums.reported(
                    said for row in mine for said in sums.of_items(row, "use")
                ),
                "metered": sum(t * m for t, m in weighted) / weight if weight else None,
            }
        )
    rows.sort(key=lambda row: -((row["reported"] or 0) + (row["imputed"] or 0)))
    columns = (
        Column("isic", say("ISIC"), kind="code"),
        Column("division", say("Division")),
        Column("sector", say("Sector")),
        Column("count", say("Enterprises"), kind="number", digits=0),
        Column("silent", say("Without a return"), kind="number", digits=0),
        Column("reported_u", say("Reported"), kind="quantity"),
        Column("imputed_u", say("Imputed"), kind="quantity"),
        Column("use_u", say("Used, reported"), kind="quantity"),
        Column("metered", say("Metered share"), kind="share"),
    )
    notes = (
        say(
            "Reported: taken and received, so water that one enterprise sells to "
            "another counts at both. A missing return is imputed from the year before."
        ),
    )
    title = say("Reported and imputed, by ISIC group")
    facts = _facts(told, lang)
    return Sheet(title, columns, rows, notes=notes, calm=_none(lang), facts=facts)


def sources(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Water taken and received by kind of source."""
    say = lang.gettext
    told = _told(reader, state)
    whole = sum(volume for volume, _ in told["sources"].values())
    rows = [
        {
            "source": named(SOURCES, code, lang) if code else say("not said"),
            "volume": volume,
            "volume_u": sums.reported([(volume, metered)]),
            "share": volume / whole if whole else None,
        }
        for code, (volume, metered) in sorted(
            told["sources"].items(), key=lambda item: -item[1][0]
        )
    ]
    columns = (
        Column("source", say("Source")),
        Column("volume_u", say("Reported"), kind="quantity"),
        Column("share", say("Share"), kind="share"),
    )
    facts = _facts(told["enterprises"], lang)
    return Sheet(say("By source"), columns, rows, calm=_none(lang), facts=facts)


def suppliers(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List what suppliers and users say of the same water, suppliers with totals."""
    say = lang.gettext
    told = _told(reader, state)
    names = {row["code"]: row["name"] for row in told["enterprises"]}
    by_supplier: dict[str, list[Row]] = defaultdict(list)
    for deal in told["deals"]:
        by_supplier[deal["supplier"]].append(deal)
    rows: list[dict[str, Any]] = []
    for code, deals in sorted(by_supplier.items(), key=lambda item: -_size(item[1])):
        supplier = names.get(code) or code
        if len(deals) > 1:
            users = lang.ngettext("{count} user", "{count} users", len(deals))
            total = {"user": users.format(count=lang.number(len(deals))), "total": True}
            rows.append({"supplier": supplier, **total, **_both(deals)})
        rows += [
            {
                "supplier": supplier,
                "user": names.get(deal["user"]) or deal["user"],
                **_both([deal]),
            }
            for deal in sorted(deals, key=lambda deal: -_size([deal]))
        ]
    columns = (
        Column("supplier", say("Supplier")),
        Column("user", say("User")),
        Column("supplied", say("The giver says"), kind="quantity"),
        Column("received", say("The taker says"), kind="quantity"),
        Column("unmatched", say("Unmatched"), kind="signed"),
    )
    why = say("No return of this period names the other side of a transfer.")
    matched = [deal["unmatched"] is not None for deal in told["deals"]]
    facts = Facts(
        uncertainty=lang.gettext("± 5 to 30 % by metered share"),
        statuses={"reported": 1.0} if matched else {},
        coverage=sum(matched) / len(matched) if matched else None,
    )
    notes = (
        say(
            "Coverage is the share of transfers that both sides reported; totals of "
            "a supplier that one side left out of some hold what was said."
        ),
    )
    title = say("By supplier")
    return Sheet(title, columns, rows, notes=notes, empty=why, facts=facts)


def _size(deals: Sequence[Row]) -> float:
    return sum(max(deal["supplied"] or 0, deal["received"] or 0) for deal in deals)


def _both(deals: Sequence[Row]) -> dict[str, Any]:
    """Show what both sides say of some transfers, and how far they are apart."""
    both = [deal for deal in deals if deal["unmatched"] is not None]
    return {
        "supplied": _side(deals, "supplied"),
        "received": _side(deals, "received"),
        "unmatched": sums.apart(
            _side(both, "supplied"),
            _side(both, "received"),
            _sum(deal["unmatched"] for deal in both),
        ),
    }


def _side(deals: Sequence[Row], side: str) -> Quantity | None:
    return sums.reported((deal[side], deal[f"{side}_metered"]) for deal in deals)


def permits(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List what enterprises took against what is permitted, the excess first."""
    say = lang.gettext
    told = _told(reader, state)["enterprises"]
    rows = [
        {
            **row,
            "name": row["name"] or row["code"],
            "taken_u": sums.reported(sums.of_items(row, "abstraction")),
            "part": row["abstraction"] / row["permitted"]
            if row["abstraction"] is not None
            else None,
        }
        for row in told
        if row["permitted"]
    ]
    rows.sort(key=lambda row: (-(row["excess"] or 0), -(row["part"] or 0)))
    columns = (
        Column("name", say("Enterprise")),
        Column("code", say("Code"), kind="code"),
        Column("permitted", say("Permitted"), kind="volume"),
        Column("taken_u", say("Taken"), kind="quantity"),
        Column("part", say("Of the permit"), kind="share"),
        Column("excess", say("Above it"), kind="volume"),
    )
    why = say("No enterprise of this territory holds a permit in this period.")
    facts = _facts(told, lang)
    return Sheet(say("Against permits"), columns, rows, calm=why, facts=facts)


def largest(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Users by what they took and received; the whole list is in a download."""
    say = lang.gettext
    told = _told(reader, state)["enterprises"]
    whole = _sum(map(_taken, told))
    rows: list[dict[str, Any]] = []
    for row in told:
        taken = _taken(row)
        rows.append(
            {
                **row,
                "name": row["name"] or row["code"],
                "sector": named(SECTORS, row["sector"], lang),
                "taken": taken,
                "taken_u": sums.reported(sums.of_items(row, *_TAKEN)),
                "imputed_u": sums.imputed(row["imputed"]),
                "use_u": sums.reported(sums.of_items(row, "use")),
                "share": taken / whole if taken is not None and whole else None,
            }
        )
    rows.sort(key=lambda row: -((row["taken"] or 0) + (row["imputed"] or 0)))
    columns = (
        Column("name", say("Enterprise")),
        Column("code", say("Code"), kind="code"),
        Column("sector", say("Sector")),
        Column("taken_u", say("Reported"), kind="quantity"),
        Column("imputed_u", say("Imputed"), kind="quantity"),
        Column("share", say("Share"), kind="share"),
        Column("use_u", say("Used, reported"), kind="quantity"),
        Column("metered", say("Metered share"), kind="share"),
        Column("covered", say("Coverage"), kind="share"),
    )
    facts = _facts(told, lang)
    title = say("Largest users")
    return Sheet(title, columns, rows, calm=_none(lang), facts=facts)
