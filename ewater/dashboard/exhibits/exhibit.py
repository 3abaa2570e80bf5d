"""What an exhibit is: a sheet, perhaps a chart of it, and its place on the page."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ewater.dashboard import view
from ewater.dashboard.exhibits.sheet import Sheet
from ewater.dashboard.figures.harmless import harmless
from ewater.dashboard.i18n import mark
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError, ForbiddenError, NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

UNKNOWN_THEN = mark("Nothing was recorded yet at the time in “As known at”.")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One figure of a page.

    Attributes
    ----------
    name
        In small letters; ids of the page, files and addresses are made of it.
    title, hint
        Marked for the catalogues (`i18n.mark`).
    area
        Its place in the grid of the page.
    sheet
        Its table for a state; asks of the reader are made here and nowhere else.
    chart
        Plotly figure of the sheet as a plain dict; without it there is a table only.
    height
        Of the chart, pixels.
    controls
        Choices of this figure alone, made of `components.choice`.
    goes_in
        Whether a click on an area of the chart goes into its territory.
    least
        Width of the chart below which it is scrolled instead of squeezed, pixels.
    on_page
        Whether it has a panel; one without is in downloads only.
    without
        Why it does not say those of uncertainty, coverage and status that it does not
        say (`reasons`); marked.
    unexplained
        Why no row of it opens Explain or leads to another view; marked.
    """

    name: str
    title: str
    hint: str
    area: str
    sheet: Callable[[CachedReader, State, Language], Sheet]
    chart: Callable[[Sheet, State, Language], dict[str, Any] | None] | None = None
    height: int = 360
    controls: Callable[[State, Language], list[Any]] | None = None
    goes_in: bool = False
    least: int = 0
    on_page: bool = True
    without: str = ""
    unexplained: str = ""

    def made(self, reader: CachedReader, state: State, lang: Language) -> Sheet:
        """Make the sheet; where that fails it is empty, and says why.

        A sheet of the account is of the state of the data that the view has.

        Raises
        ------
        ForbiddenError
            The view is outside the scope of the asker.
        """
        noting = reader.noting()
        try:
            made = self.sheet(noting, state, lang)
            if made.has_times:
                made = replace(made, zone=view.zone(reader))
        except ForbiddenError:
            raise
        except EWaterError as error:
            _log.info("%s has no figure: %s", self.name, error)
            return Sheet(
                lang.gettext(self.title), (), [], empty=why(error, state, lang)
            )
        made = self._reasoned(made, lang)
        if not noting.of_account or made.facts.as_of:
            return made
        as_of = state.basis.as_of or reader.shown()
        return replace(made, facts=replace(made.facts, as_of=as_of))

    def _reasoned(self, made: Sheet, lang: Language) -> Sheet:
        """Let a sheet say why it says no more."""
        if self.without and not made.facts.without:
            without = lang.gettext(self.without)
            made = replace(made, facts=replace(made.facts, without=without))
        if self.unexplained and made.rows and not made.leads_on:
            notes = (*made.notes, lang.gettext(self.unexplained))
            made = replace(made, notes=notes)
        return made

    def drawn(
        self, sheet: Sheet, state: State, lang: Language
    ) -> dict[str, Any] | None:
        """Draw the chart of a sheet, names in it as text; None: there is none."""
        if self.chart is None:
            return None
        figure = self.chart(sheet, state, lang)
        return None if figure is None else harmless(figure)


def why(error: EWaterError, state: State, lang: Language) -> str:
    """Say why there is no figure."""
    if isinstance(error, NotReadyError) and state.as_of:
        return lang.gettext(UNKNOWN_THEN)
    return why_not(error, lang)


def exhibit_id(page: str, exhibit: Exhibit, part: str = "") -> str:
    """Id of a part of an exhibit on its page."""
    return "-".join(filter(None, (page, exhibit.name, part)))


def graph_id(page: str, exhibit: Exhibit) -> Any:
    """Id of the chart, by which the frame finds areas that are clicked."""
    name = exhibit_id(page, exhibit, "chart")
    return {"type": "area-map", "name": name} if exhibit.goes_in else name
