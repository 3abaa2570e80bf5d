"""Words for the codes of the vocabulary, marked for the catalogues."""

from __future__ import annotations

from types import MappingProxyType

from ewater.balance.views import words
from ewater.dashboard.i18n import Language, mark

TERRITORY_KINDS = MappingProxyType(
    {
        "country": mark("Country"),
        "basin": mark("Basins"),
        "district": mark("Districts"),
        "system": mark("Irrigation and supply systems"),
    }
)
BOUNDARIES = MappingProxyType(
    {
        "managed": mark("Managed water"),
        "water_resources": mark("Water resources"),
        "territory": mark("Whole territory"),
    }
)
BOUNDARY_MEANINGS = MappingProxyType(
    {
        "managed": mark(
            "Rivers, lakes, canals, reservoirs and the economy; runoff flows in, "
            "seepage and evaporation flow out."
        ),
        "water_resources": mark(
            "All inland water; the economy is outside, so abstraction flows out and "
            "returns flow in."
        ),
        "territory": mark(
            "Everything in the territory; only the atmosphere, the sea and the "
            "neighbours are outside."
        ),
    }
)
SECTORS = MappingProxyType(
    {
        "agriculture": mark("Agriculture"),
        "industry": mark("Industry"),
        "energy": mark("Energy"),
        "water_supply": mark("Water supply"),
        "sewerage": mark("Sewerage"),
        "services": mark("Services"),
        "households": mark("Households"),
    }
)
STATUSES = MappingProxyType(
    {
        "measured": mark("measured"),
        "reported": mark("reported"),
        "modelled": mark("modelled"),
        "imputed": mark("imputed"),
        "balancing": mark("balancing"),
        "unknown": mark("unknown"),
    }
)
VERDICTS = MappingProxyType(
    {
        "closed": mark("Closed"),
        "watch": mark("Watch"),
        "investigate": mark("Investigate"),
        "unknown": mark("Cannot be judged"),
    }
)
MEASURES = MappingProxyType(
    {
        "use": mark("Use"),
        "inflow": mark("Inflow"),
        "residual": mark("Residual (z)"),
        "coverage": mark("Coverage"),
    }
)
STEPS = MappingProxyType(
    {
        "month": mark("Months"),
        "decade": mark("Ten days"),
        "quarter": mark("Quarters"),
        "year": mark("Years"),
    }
)
VERSIONS = MappingProxyType({"raw": mark("Raw"), "reconciled": mark("Reconciled")})
LEVELS = MappingProxyType({"basin": mark("Basins"), "district": mark("Districts")})
SITE_KINDS = MappingProxyType(
    {
        "river_gauge": mark("River gauge"),
        "reservoir": mark("Reservoir"),
        "hydro_junction": mark("Hydro-junction"),
        "canal": mark("Canal"),
        "well": mark("Well field"),
        "intake": mark("Intake"),
        "outfall": mark("Outfall"),
        "meter": mark("Meter"),
        "climate": mark("Climate station"),
    }
)
#: Nodes of the flow diagram, by the group a flow's end falls in.
GROUPS = MappingProxyType(
    {
        "runoff": mark("Runoff formed here"),
        "baseflow": mark("Springs and baseflow"),
        "precipitation": mark("Precipitation"),
        "other_source": mark("From other territories"),
        "returned": mark("Returned water, taken again"),
        "from_storage": mark("Drawn from storage"),
        "from_economy": mark("Returned by the economy"),
        "sea_source": mark("From the sea"),
        "ground_source": mark("Groundwater"),
        "residual_source": mark("Not explained"),
        "surface": mark("Rivers and reservoirs"),
        "snow_ice": mark("Snow and ice"),
        "groundwater": mark("Groundwater"),
        "soil": mark("Soil water"),
        "canal": mark("Canals and networks"),
        "returns": mark("Returns to rivers"),
        "consumption": mark("Consumed"),
        "losses": mark("Seepage and losses"),
        "evaporation": mark("Evaporation"),
        "sea": mark("To the sea"),
        "other_sink": mark("To other territories"),
        "to_economy": mark("Taken by the economy"),
        "into_storage": mark("Put into storage"),
        "other_change": mark("Other changes"),
        "residual": mark("Not explained"),
    }
)
PUBLISHED_ITEMS = MappingProxyType(
    {
        "freshwater_use_total": mark("Freshwater use, total"),
        "water_used_total": mark("Water used, total"),
        "water_used_irrigation": mark("Water used for irrigation"),
        "water_used_production": mark("Water used for production"),
        "water_used_household": mark("Water used by households"),
        "losses_in_transport": mark("Losses in transport"),
        "share_of_use_agriculture": mark("Share of use: agriculture"),
        "share_of_use_electricity": mark("Share of use: electricity"),
        "share_of_use_households": mark("Share of use: households"),
        "share_of_abstraction_lost_in_transport": mark(
            "Share of abstraction lost in transport"
        ),
        "inflow_from_neighbours": mark("Inflow from neighbours"),
        "formed_in_country": mark("Formed in the country"),
        "surface_water_resources": mark("Surface water resources"),
        "groundwater_resources": mark("Groundwater resources"),
        "water_resources_total": mark("Water resources, total"),
        "renewable_freshwater_resources": mark("Renewable freshwater resources"),
        "water_exploitation_index": mark("Water exploitation index"),
        "public_supply_gross": mark("Public supply, gross"),
        "public_supply_losses": mark("Public supply, losses"),
        "public_supply_loss_share": mark("Public supply, share lost"),
        "population_connected": mark("Population connected"),
        "drinking_water_losses_share": mark("Drinking water, share lost"),
        "irrigation_water_losses_share": mark("Irrigation water, share lost"),
        "national_loss_share": mark("National share of losses"),
        "storage_in_main_reservoirs": mark("Storage in the main reservoirs"),
        "current_annual_consumption_statement": mark("Annual consumption, as stated"),
        "annual_use_statement_prime_minister": mark("Annual use, as stated"),
        "baku_water_used_total": mark("Baku: water used, total"),
        "baku_water_used_household": mark("Baku: water used by households"),
        "baku_losses": mark("Baku: losses"),
        "baku_sabail_district_water_used": mark("Baku, Sabail: water used"),
        "baku_narimanov_district_water_used": mark("Baku, Narimanov: water used"),
        "baku_sabunchu_losses": mark("Baku, Sabunchu: losses"),
    }
)


def term_label(term: str, lang: Language) -> str:
    """Name a term of the account."""
    return lang.capital(lang.pick(words.TERMS[term]))


def use_words(sector: str, lang: Language) -> str:
    """Name the use of a sector, or of all where none is given."""
    words = lang.gettext("Use")
    return f"{words}: {lang.gettext(SECTORS[sector])}" if sector else words


def account_label(kind: str, lang: Language) -> str:
    """Name a kind of account."""
    return lang.capital(lang.pick(words.KINDS[kind]))


def item_label(item: str, lang: Language) -> str:
    """Name a published item; one without a translation keeps its own words."""
    known = PUBLISHED_ITEMS.get(item)
    return lang.gettext(known) if known else item.replace("_", " ").capitalize()
