"""Scenarios in the store: described, computed once, kept."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text, update

import ewater
from ewater.accounts.forecasting import kept, scenario_check, scenario_model
from ewater.accounts.forecasting.scenario_model import Scenario
from ewater.accounts.forecasting.scenario_run import run
from ewater.errors import FaultsError, UsageError
from ewater.store import registry
from ewater.store.tables.forecasts import Scenario as ScenarioRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from ewater.accounts.forecasting.make import Outlook

    Document = dict[str, Any]


def load(engine: Engine, paths: Sequence[Path]) -> dict[str, bool]:
    """Record scenarios of files, all or none; say by name which are new.

    Raises
    ------
    FaultsError
        Every fault of every file: what cannot be meant, and what the country lacks.
    UsageError, NotReadyError
        A file is not there, or is named as another one; no country is loaded.
    """
    read = [(path, *scenario_model.with_lines(path)) for path in paths]
    with engine.connect() as connection:
        frames = {
            name: registry.read_table(connection, name)
            for name in ("accounts", "flows", "territories")
        }
    found = [
        fault
        for path, scenario, lines in read
        for fault in scenario_check.faults(scenario, path.name, lines, frames)
    ]
    if found:
        raise FaultsError(found)
    names = [scenario.scenario for _, scenario, _ in read]
    if len(set(names)) < len(names):
        raise UsageError(f"two files describe one scenario: {', '.join(sorted(names))}")
    return {one.scenario: put(engine, one) for _, one, _ in read}


def put(engine: Engine, scenario: Scenario) -> bool:
    """Record a scenario; False if it is recorded so already."""
    said = scenario.model_dump(mode="json", by_alias=True)
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE scenario IN SHARE ROW EXCLUSIVE MODE"))
        now = _current(connection, scenario.scenario)
        if now is not None and now.said == said:
            return False
        if now is not None:
            connection.execute(
                update(ScenarioRow)
                .where(ScenarioRow.id == now.id)
                .values(recorded_to=text("clock_timestamp()"))
            )
        connection.execute(
            insert(ScenarioRow).values(name=scenario.scenario, said=said)
        )
    return True


def listed(connection: Connection) -> list[Document]:
    """List the scenarios as they are described now."""
    rows = connection.execute(
        select(ScenarioRow.name, ScenarioRow.said, ScenarioRow.recorded_from)
        .where(ScenarioRow.recorded_to.is_(None))
        .order_by(ScenarioRow.name)
    ).all()
    return [
        {
            "scenario": row.name,
            "title": row.said["title"],
            "recorded_from": row.recorded_from,
            "said": row.said,
        }
        for row in rows
    ]


def _current(connection: Connection, name: str) -> Any:
    return connection.execute(
        select(ScenarioRow.id, ScenarioRow.said).where(
            ScenarioRow.name == name, ScenarioRow.recorded_to.is_(None)
        )
    ).one_or_none()


def kept_over(
    connection: Connection, name: str, base: str
) -> tuple[str, Outlook, Document] | None:
    """Read a scenario over a forecast; None where it was not computed."""
    row = _current(connection, name)
    code = "" if row is None else _code(base, row.id)
    found = kept.load(connection, code) if code else None
    return None if found is None else (code, found, kept.notes(connection, code))


def obtain(engine: Engine, name: str, base: str) -> tuple[str, Outlook, Document]:
    """Return a scenario over a forecast, computing and keeping it when it is new.

    Parameters
    ----------
    base
        Code of a kept forecast.

    Returns
    -------
    code, outlook, notes
        ``notes`` has ``deficits``: what each sector wants and gets, by month.

    Raises
    ------
    UsageError
        No such scenario; it names what the ledger does not have.
    """
    with engine.connect() as connection:
        row = _current(connection, name)
        if row is None:
            known = ", ".join(s["scenario"] for s in listed(connection)) or "none"
            raise UsageError(f"no scenario {name!r}; loaded are: {known}")
        found = kept_over(connection, name, base)
        if found is not None:
            return found
        forecast = kept.load(connection, base)
        if forecast is None:
            raise UsageError(f"no forecast {base!r}; see `ewater forecast list`")
        frames = registry.read(connection, forecast.as_of)
    code = _code(base, row.id)
    made, notes = run(forecast, Scenario.model_validate(row.said), frames)
    kept.save(engine, code, made, base=base, scenario=row.id, notes=notes)
    return code, made, notes


def _code(base: str, scenario: int) -> str:
    identity = f"{base} {scenario} {ewater.__version__}"
    return hashlib.sha256(identity.encode()).hexdigest()
