"""Tables of the registry: one per file of the country folder, versioned.

A row is never changed: it is closed (``recorded_to``) and its successor added, so
that the registry can be read as it stood at any time. Types, comments and checks
are those of `folder_files`; the classes exist so that code can name the columns.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

from geoalchemy2 import WKBElement  # noqa: TC002 - SQLAlchemy reads it
from sqlalchemy import ForeignKey, Identity, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import Base
from ewater.store.folder_files import FILES
from ewater.store.tables.versioned import Versioned, column, constraints, point


class Calendar(Versioned):
    """Where a day and a year begin."""

    __tablename__ = "calendars"
    __table_args__ = constraints(FILES["calendars"])

    code: Mapped[str] = column("calendars", "code")
    timezone: Mapped[str] = column("calendars", "timezone")
    day_start: Mapped[str | None] = column("calendars", "day_start")
    year_start: Mapped[str | None] = column("calendars", "year_start")


class Territory(Versioned):
    """An area that is accounted for."""

    __tablename__ = "territories"
    __table_args__ = constraints(FILES["territories"], "geometry")

    code: Mapped[str] = column("territories", "code")
    kind: Mapped[str] = column("territories", "kind")
    parent: Mapped[str | None] = column("territories", "parent")
    name_az: Mapped[str | None] = column("territories", "name_az")
    name_en: Mapped[str | None] = column("territories", "name_en")
    name_ru: Mapped[str | None] = column("territories", "name_ru")
    geometry: Mapped[WKBElement | None] = column("territories", "geometry")


class Site(Versioned):
    """A place where water is measured or regulated."""

    __tablename__ = "sites"
    __table_args__ = constraints(FILES["sites"], "geometry")

    code: Mapped[str] = column("sites", "code")
    kind: Mapped[str] = column("sites", "kind")
    name_az: Mapped[str | None] = column("sites", "name_az")
    name_en: Mapped[str | None] = column("sites", "name_en")
    name_ru: Mapped[str | None] = column("sites", "name_ru")
    lat: Mapped[float | None] = column("sites", "lat")
    lon: Mapped[float | None] = column("sites", "lon")
    organisation: Mapped[str | None] = column("sites", "organisation")
    capacity_m3: Mapped[float | None] = column("sites", "capacity_m3")
    dead_m3: Mapped[float | None] = column("sites", "dead_m3")
    full_level_m: Mapped[float | None] = column("sites", "full_level_m")
    datum: Mapped[str | None] = column("sites", "datum")
    geometry: Mapped[WKBElement | None] = point("site")


class SeriesKey(Base):
    """The number by which readings name their series, whatever its versions."""

    __tablename__ = "series_key"
    __table_args__ = (
        {"comment": "Stable number of every series that was ever registered"},
    )

    id: Mapped[int] = mapped_column(
        Integer,
        Identity(always=True),
        primary_key=True,
        comment="Number of the series, kept for good",
    )
    code: Mapped[str] = mapped_column(Text, unique=True, comment="Code of the series")


class Series(Versioned):
    """One quantity from one source at one site."""

    __tablename__ = "series"
    __table_args__ = constraints(FILES["series"])

    code: Mapped[str] = column("series", "code", ForeignKey("series_key.code"))
    site: Mapped[str] = column("series", "site")
    quantity: Mapped[str] = column("series", "quantity")
    unit: Mapped[str] = column("series", "unit")
    signal: Mapped[str] = column("series", "signal")
    interval_s: Mapped[float | None] = column("series", "interval_s")
    timezone: Mapped[str | None] = column("series", "timezone")
    modulus: Mapped[float | None] = column("series", "modulus")
    max_rate: Mapped[float | None] = column("series", "max_rate")
    u_random_pct: Mapped[float | None] = column("series", "u_random_pct")
    u_systematic_pct: Mapped[float | None] = column("series", "u_systematic_pct")
    derived: Mapped[bool] = column("series", "derived")


class CurvePoint(Versioned):
    """One point or segment of a curve."""

    __tablename__ = "curves"
    __table_args__ = constraints(FILES["curves"])

    site: Mapped[str] = column("curves", "site")
    kind: Mapped[str] = column("curves", "kind")
    x: Mapped[float | None] = column("curves", "x")
    y: Mapped[float | None] = column("curves", "y")
    segment: Mapped[float | None] = column("curves", "segment")
    a: Mapped[float | None] = column("curves", "a")
    h0: Mapped[float | None] = column("curves", "h0")
    b: Mapped[float | None] = column("curves", "b")
    shift: Mapped[float | None] = column("curves", "shift")
    gauged_to: Mapped[float | None] = column("curves", "gauged_to")


class MeterEvent(Versioned):
    """What happened to a meter."""

    __tablename__ = "meter_events"
    __table_args__ = constraints(FILES["meter_events"])

    series: Mapped[str] = column("meter_events", "series")
    time: Mapped[datetime] = column("meter_events", "time")
    event: Mapped[str] = column("meter_events", "event")
    old_reading: Mapped[float | None] = column("meter_events", "old_reading")
    new_reading: Mapped[float | None] = column("meter_events", "new_reading")


class Limit(Versioned):
    """A limit of a quality test, set by a person."""

    __tablename__ = "limits"
    __table_args__ = constraints(FILES["limits"])

    series: Mapped[str] = column("limits", "series")
    test: Mapped[str] = column("limits", "test")
    parameter: Mapped[str] = column("limits", "parameter")
    value: Mapped[float | None] = column("limits", "value")


class Pump(Versioned):
    """What a pump lifts in an hour, or for a kWh."""

    __tablename__ = "pumps"
    __table_args__ = constraints(FILES["pumps"])

    series: Mapped[str] = column("pumps", "series")
    rated_m3h: Mapped[float | None] = column("pumps", "rated_m3h")
    m3_per_kwh: Mapped[float | None] = column("pumps", "m3_per_kwh")
    u_pct: Mapped[float | None] = column("pumps", "u_pct")


class Account(Versioned):
    """A place where water is."""

    __tablename__ = "accounts"
    __table_args__ = constraints(FILES["accounts"])

    code: Mapped[str] = column("accounts", "code")
    kind: Mapped[str] = column("accounts", "kind")
    territory: Mapped[str | None] = column("accounts", "territory")
    site: Mapped[str | None] = column("accounts", "site")
    sector: Mapped[str | None] = column("accounts", "sector")
    share: Mapped[float | None] = column("accounts", "share")
    name_az: Mapped[str | None] = column("accounts", "name_az")
    name_en: Mapped[str | None] = column("accounts", "name_en")
    name_ru: Mapped[str | None] = column("accounts", "name_ru")


class AccountTerritory(Versioned):
    """Share of an account in a territory."""

    __tablename__ = "account_territories"
    __table_args__ = constraints(FILES["account_territories"])

    account: Mapped[str] = column("account_territories", "account")
    territory: Mapped[str] = column("account_territories", "territory")
    share: Mapped[float] = column("account_territories", "share")


class Flow(Versioned):
    """Water that leaves one account and enters another."""

    __tablename__ = "flows"
    __table_args__ = constraints(FILES["flows"])

    code: Mapped[str] = column("flows", "code")
    from_: Mapped[str] = column("flows", "from")
    to: Mapped[str] = column("flows", "to")
    term: Mapped[str] = column("flows", "term")
    sector: Mapped[str | None] = column("flows", "sector")
    measured_by: Mapped[str | None] = column("flows", "measured_by")
    u_pct: Mapped[float | None] = column("flows", "u_pct")
    structure: Mapped[str | None] = column("flows", "structure")
    reverse: Mapped[str | None] = column("flows", "reverse")
    re_enters: Mapped[str | None] = column("flows", "re_enters")


class Stock(Versioned):
    """An account whose volume is modelled."""

    __tablename__ = "stocks"
    __table_args__ = constraints(FILES["stocks"])

    account: Mapped[str] = column("stocks", "account")
    measured_by: Mapped[str | None] = column("stocks", "measured_by")


class Sector(Versioned):
    """Sector of an ISIC code."""

    __tablename__ = "sectors"
    __table_args__ = constraints(FILES["sectors"])

    isic: Mapped[str] = column("sectors", "isic")
    sector: Mapped[str] = column("sectors", "sector")


class Enterprise(Versioned):
    """Who reports its water."""

    __tablename__ = "enterprises"
    __table_args__ = constraints(FILES["enterprises"], "geometry")

    code: Mapped[str] = column("enterprises", "code")
    name: Mapped[str | None] = column("enterprises", "name")
    isic: Mapped[str | None] = column("enterprises", "isic")
    territory: Mapped[str | None] = column("enterprises", "territory")
    lat: Mapped[float | None] = column("enterprises", "lat")
    lon: Mapped[float | None] = column("enterprises", "lon")
    pump_m3h: Mapped[float | None] = column("enterprises", "pump_m3h")
    notify: Mapped[str | None] = column("enterprises", "notify")
    geometry: Mapped[WKBElement | None] = point("enterprise")


class Permit(Versioned):
    """How much water may be taken."""

    __tablename__ = "permits"
    __table_args__ = constraints(FILES["permits"])

    code: Mapped[str] = column("permits", "code")
    enterprise: Mapped[str | None] = column("permits", "enterprise")
    source_kind: Mapped[str | None] = column("permits", "source_kind")
    limit_m3: Mapped[float] = column("permits", "limit_m3")
    per: Mapped[str] = column("permits", "per")
    site: Mapped[str | None] = column("permits", "site")


class Form(Versioned):
    """A form that enterprises fill in."""

    __tablename__ = "forms"
    __table_args__ = constraints(FILES["forms"])

    code: Mapped[str] = column("forms", "code")
    body: Mapped[str] = column("forms", "body")


class Report(Versioned):
    """One figure of one revision of a report."""

    __tablename__ = "reports"
    __table_args__ = constraints(FILES["reports"])

    enterprise: Mapped[str] = column("reports", "enterprise")
    period_start: Mapped[datetime] = column("reports", "period_start")
    period_end: Mapped[datetime] = column("reports", "period_end")
    item: Mapped[str] = column("reports", "item")
    value: Mapped[float | None] = column("reports", "value")
    unit: Mapped[str] = column("reports", "unit")
    source: Mapped[str | None] = column("reports", "source")
    purpose: Mapped[str | None] = column("reports", "purpose")
    status: Mapped[str] = column("reports", "status")
    counterparty: Mapped[str | None] = column("reports", "counterparty")
    revision: Mapped[int] = column("reports", "revision")
    metered: Mapped[float | None] = column("reports", "metered")


class Published(Versioned):
    """A figure published by somebody else."""

    __tablename__ = "published"
    __table_args__ = constraints(FILES["published"])

    territory: Mapped[str] = column("published", "territory")
    year: Mapped[str] = column("published", "year")
    item: Mapped[str] = column("published", "item")
    value: Mapped[float] = column("published", "value")
    unit: Mapped[str] = column("published", "unit")
    source: Mapped[str] = column("published", "source")
    note: Mapped[str | None] = column("published", "note")


class Treaty(Versioned):
    """What a treaty grants of border waters, or what is normal there."""

    __tablename__ = "treaties"
    __table_args__ = constraints(FILES["treaties"])

    code: Mapped[str] = column("treaties", "code")
    neighbour: Mapped[str | None] = column("treaties", "neighbour")
    flow: Mapped[str | None] = column("treaties", "flow")
    way: Mapped[str] = column("treaties", "way")
    kind: Mapped[str] = column("treaties", "kind")
    value: Mapped[float] = column("treaties", "value")
    unit: Mapped[str] = column("treaties", "unit")
    source: Mapped[str] = column("treaties", "source")
    note: Mapped[str | None] = column("treaties", "note")


class CountryView(Versioned):
    """A view of the country's own."""

    __tablename__ = "views"
    __table_args__ = constraints(FILES["views"])

    code: Mapped[str] = column("views", "code")
    body: Mapped[str] = column("views", "body")


class ViewInput(Versioned):
    """What views need and no flow holds."""

    __tablename__ = "view_inputs"
    __table_args__ = constraints(FILES["view_inputs"])

    item: Mapped[str] = column("view_inputs", "item")
    territory: Mapped[str] = column("view_inputs", "territory")
    year: Mapped[str] = column("view_inputs", "year")
    value: Mapped[float] = column("view_inputs", "value")
    unit: Mapped[str] = column("view_inputs", "unit")
    u_pct: Mapped[float | None] = column("view_inputs", "u_pct")
    source: Mapped[str] = column("view_inputs", "source")
    note: Mapped[str | None] = column("view_inputs", "note")


class AlertRule(Versioned):
    """What is watched, and who is told."""

    __tablename__ = "alert_rules"
    __table_args__ = constraints(FILES["alert_rules"])

    code: Mapped[str] = column("alert_rules", "code")
    kind: Mapped[str] = column("alert_rules", "kind")
    series: Mapped[str | None] = column("alert_rules", "series")
    permit: Mapped[str | None] = column("alert_rules", "permit")
    territory: Mapped[str | None] = column("alert_rules", "territory")
    above: Mapped[float | None] = column("alert_rules", "above")
    below: Mapped[float | None] = column("alert_rules", "below")
    clear: Mapped[float | None] = column("alert_rules", "clear")
    hold_h: Mapped[float | None] = column("alert_rules", "hold_h")
    severity: Mapped[str] = column("alert_rules", "severity")
    notify: Mapped[str | None] = column("alert_rules", "notify")
    name_az: Mapped[str | None] = column("alert_rules", "name_az")
    name_en: Mapped[str | None] = column("alert_rules", "name_en")
    name_ru: Mapped[str | None] = column("alert_rules", "name_ru")


class Notice(Versioned):
    """What every output must say."""

    __tablename__ = "notices"
    __table_args__ = constraints(FILES["notices"])

    code: Mapped[str] = column("notices", "code")
    text_az: Mapped[str | None] = column("notices", "text_az")
    text_en: Mapped[str] = column("notices", "text_en")
    text_ru: Mapped[str | None] = column("notices", "text_ru")
