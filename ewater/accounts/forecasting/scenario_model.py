"""What a scenario may say; every fault names its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ewater import described
from ewater.errors import UsageError
from ewater.terms import CODE_PATTERN, SECTORS

if TYPE_CHECKING:
    from pathlib import Path

    from ewater.described import Lines

_SEE = "docs/forecast.md"
_Code = Annotated[str, Field(pattern=f"^{CODE_PATTERN}$")]
_Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
_Part = Annotated[float, Field(ge=0, le=1)]
Sector = Literal[
    "agriculture",
    "industry",
    "energy",
    "water_supply",
    "sewerage",
    "services",
    "households",
]
#: Who is supplied first, unless a scenario says otherwise [D].
PRIORITIES: tuple[Sector, ...] = (
    "households",
    "services",
    "water_supply",
    "sewerage",
    "energy",
    "industry",
    "agriculture",
)


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Words(_Said):
    """A title in the three languages."""

    az: str
    en: str
    ru: str


class Inflow(_Said):
    """Futures whose inflow lies around a quantile."""

    quantile: Annotated[float, Field(gt=0, lt=1)]


class Demand(_Said):
    """What a sector wants, times a factor, in a territory and from a month on."""

    sector: Sector
    factor: Annotated[float, Field(ge=0, le=10)]
    territory: _Code | None = None
    since: _Month | None = None


class Losses(_Said):
    """Losses in conveyance as a share of gross intake or of use, reached by a month."""

    share: Annotated[float, Field(gt=0, lt=1)]
    of: Literal["gross", "use"] = "gross"
    by: _Month


class Canal(_Said):
    """A new flow between two accounts."""

    code: _Code
    from_: Annotated[_Code, Field(alias="from")]
    to: _Code
    capacity_m3s: Annotated[float, Field(gt=0)]
    term: Literal["transfer", "outflow_to_downstream"] = "transfer"
    since: _Month | None = None


class Reservoir(_Said):
    """How far a reservoir may be drawn down and filled, as parts of its capacity."""

    account: _Code
    least: _Part = 0.0
    most: _Part = 1.0


class Scenario(_Said):
    """A named set of changes over a forecast."""

    scenario: _Code
    title: Words
    inflow: Inflow | None = None
    demand: tuple[Demand, ...] = ()
    losses: Losses | None = None
    canals: tuple[Canal, ...] = ()
    reservoirs: tuple[Reservoir, ...] = ()
    priorities: tuple[Sector, ...] = PRIORITIES
    least_outflow: _Part = 0.5

    @field_validator("priorities")
    @classmethod
    def _each_once(cls, given: tuple[Sector, ...]) -> tuple[Sector, ...]:
        if sorted(given) != sorted(SECTORS):
            raise ValueError(f"name each sector once: {', '.join(SECTORS)}")
        return given


def read(path: Path) -> Scenario:
    """Read a scenario; see `with_lines`."""
    return with_lines(path)[0]


def with_lines(path: Path) -> tuple[Scenario, Lines]:
    """Read a scenario, with the line of all that it says.

    Raises
    ------
    UsageError
        There is no such file.
    FaultsError
        Every fault, with its line and what is allowed.
    """
    if not path.is_file():
        raise UsageError(f"{path} is no file; give the YAML of a scenario")
    text = described.text_of(path, "scenario")
    said, lines = described.load(text, path.name, _SEE)
    try:
        return Scenario.model_validate({"scenario": path.stem, **said}), lines
    except ValidationError as error:
        raise described.faults_of(error, path.name, lines, "scenario", _SEE) from error
