"""Divisions of ISIC Rev. 4 in short words."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language

#: By the two digits of a division.
DIVISIONS = MappingProxyType(
    {
        "01": mark("Crop and animal production"),
        "02": mark("Forestry"),
        "03": mark("Fishing and aquaculture"),
        "05": mark("Coal mining"),
        "06": mark("Oil and gas extraction"),
        "07": mark("Metal ore mining"),
        "08": mark("Other mining and quarrying"),
        "09": mark("Mining support"),
        "10": mark("Food products"),
        "11": mark("Beverages"),
        "12": mark("Tobacco products"),
        "13": mark("Textiles"),
        "14": mark("Wearing apparel"),
        "15": mark("Leather"),
        "16": mark("Wood products"),
        "17": mark("Paper"),
        "18": mark("Printing"),
        "19": mark("Coke and refined petroleum"),
        "20": mark("Chemicals"),
        "21": mark("Pharmaceuticals"),
        "22": mark("Rubber and plastics"),
        "23": mark("Mineral products, cement"),
        "24": mark("Basic metals"),
        "25": mark("Metal products"),
        "26": mark("Electronics and optics"),
        "27": mark("Electrical equipment"),
        "28": mark("Machinery"),
        "29": mark("Motor vehicles"),
        "30": mark("Other transport equipment"),
        "31": mark("Furniture"),
        "32": mark("Other manufacturing"),
        "33": mark("Repair and installation"),
        "35": mark("Electricity, gas, steam"),
        "36": mark("Water supply"),
        "37": mark("Sewerage"),
        "38": mark("Waste collection and treatment"),
        "39": mark("Remediation"),
        "41": mark("Construction of buildings"),
        "42": mark("Civil engineering"),
        "43": mark("Specialised construction"),
        "45": mark("Trade and repair of vehicles"),
        "46": mark("Wholesale trade"),
        "47": mark("Retail trade"),
        "49": mark("Land transport and pipelines"),
        "50": mark("Water transport"),
        "51": mark("Air transport"),
        "52": mark("Warehousing"),
        "53": mark("Post and couriers"),
        "55": mark("Accommodation"),
        "56": mark("Food service"),
        "58": mark("Publishing"),
        "59": mark("Film, television, music"),
        "60": mark("Broadcasting"),
        "61": mark("Telecommunications"),
        "62": mark("Programming"),
        "63": mark("Information services"),
        "64": mark("Finance"),
        "65": mark("Insurance"),
        "66": mark("Financial support"),
        "68": mark("Real estate"),
        "69": mark("Law and accounting"),
        "70": mark("Head offices, consultancy"),
        "71": mark("Architecture and engineering"),
        "72": mark("Research"),
        "73": mark("Advertising"),
        "74": mark("Other professional services"),
        "75": mark("Veterinary services"),
        "77": mark("Rental and leasing"),
        "78": mark("Employment services"),
        "79": mark("Travel agencies"),
        "80": mark("Security"),
        "81": mark("Buildings and landscape"),
        "82": mark("Office support"),
        "84": mark("Public administration"),
        "85": mark("Education"),
        "86": mark("Health"),
        "87": mark("Residential care"),
        "88": mark("Social work"),
        "90": mark("Arts and entertainment"),
        "91": mark("Libraries and museums"),
        "92": mark("Gambling"),
        "93": mark("Sports and recreation"),
        "94": mark("Membership organisations"),
        "95": mark("Repair of household goods"),
        "96": mark("Other personal services"),
        "97": mark("Households as employers"),
        "98": mark("Households for own use"),
        "99": mark("International organisations"),
    }
)


def isic_words(code: str, lang: Language) -> str:
    """Name the division of a code; one that ISIC does not have stays a code."""
    words = DIVISIONS.get(code[:2])
    return lang.gettext(words) if words else code
