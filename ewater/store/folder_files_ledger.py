"""Files of the ledger: accounts, and what flows between them."""

from __future__ import annotations

from ewater import terms
from ewater.store.folder_columns import code, names, number, one_of, refers, share
from ewater.store.folder_schema import Column, File

FILES = (
    File(
        "accounts",
        "Places where water is: the nodes of the ledger",
        ("code",),
        (
            code("Code of the account"),
            one_of(terms.ACCOUNT_KINDS, "What holds the water"),
            refers("territories", "Territory it lies in", "territory"),
            refers("sites", "Site it is measured at", "site"),
            one_of(
                terms.SECTORS,
                "Economic sector, of an account of kind economy",
                "sector",
                required=False,
            ),
            share("share", "National share of a border water; 1 if not given"),
            *names("account", "; that of its site if not given"),
        ),
    ),
    File(
        "account_territories",
        "Shares of accounts in territories; they add up to 1 in each hierarchy",
        ("account", "territory"),
        (
            refers("accounts", "Account that is shared", "account", required=True),
            refers("territories", "Territory", "territory", required=True),
            share("share", "Part of the account in the territory", required=True),
        ),
    ),
    File(
        "flows",
        "Water that leaves one account and enters another: the edges of the ledger",
        ("code",),
        (
            code("Code of the flow"),
            refers("accounts", "Account it leaves", "from", required=True),
            refers("accounts", "Account it enters", "to", required=True),
            one_of(
                tuple(terms.TERMS),
                "Line of the account it counts in",
                "term",
                grow=True,
            ),
            one_of(terms.SECTORS, "Sector it serves", "sector", required=False),
            Column("measured_by", "expression", "How its volume is known"),
            number("u_pct", "Standard uncertainty (k=1), % of its volume"),
            code("Structure it passes: turbine, ...", "structure", required=False),
            refers("flows", "Flow that takes a negative volume", "reverse"),
            refers("flows", "Flow with which the same water comes back", "re_enters"),
        ),
    ),
    File(
        "stocks",
        "Accounts whose stored volume is modelled",
        ("account",),
        (
            refers("accounts", "Account that stores water", "account", required=True),
            Column("measured_by", "expression", "How its volume is known"),
        ),
    ),
    File(
        "sectors",
        "Which sector an ISIC code belongs to; finer codes roll up to it",
        ("isic",),
        (
            code("ISIC Rev. 4 section, division, group or class", "isic"),
            one_of(terms.SECTORS, "Sector of the account", "sector"),
        ),
    ),
)
