"""Why something was not done or cannot be shown, in the language of the reader.

What is raised below the pages says so in English, for commands and logs. Each of these
messages that can reach a page is here, with places for its values; any other one is
told as a message of the program.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import TYPE_CHECKING

from ewater.dashboard.i18n import mark
from ewater.dashboard.return_labels import STATES

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language

_OTHER = mark("the program says in English: {words}")
KNOWN = (
    # readings
    mark("say why: the reason is kept with the readings"),
    mark("a reason has up to {count} characters"),
    mark("change from one to {count} readings at once"),
    mark("a time lies outside the day that was shown"),
    mark("give at least one time, each once, with its value"),
    mark("give at least one time, each once"),
    mark("give one finite value for each time"),
    mark("{time} is in the future"),
    mark("a value above {largest} is no measurement"),
    mark("{code} has no reading at {time} to take back"),
    mark("these values stand already; nothing was changed"),
    mark("readings taken back to working are the tests' to flag"),
    mark(
        "{code} has no reading from {first} to {last}; list what there is with "
        "{command}"
    ),
    mark("{code} has no reading at {time}; list what there is with {command}"),
    mark("{code} has {count} readings on {date}"),
    mark("series {code} is not registered"),
    mark(
        "{count} readings are too many for one file of a page; take a shorter time, or "
        "use {command}"
    ),
    # users
    mark("{name} is no name; use letters, digits and . _ @ + -"),
    mark("there is a user {name}; see {command}"),
    mark("there is no user {name}; see {command}"),
    mark("{name} signs in at the provider and has no password here"),
    mark("a reporter reports for an organisation; name it"),
    mark("no territory has the code {codes}"),
    mark(
        "no site belongs to {codes}, and no enterprise is called so; there are: {known}"
    ),
    mark(
        "you cannot shut yourself out or take your own role: ask another administrator"
    ),
    # alerts
    mark("a note has from 1 to {count} characters"),
    mark("there is no alert {number}; see {command}"),
    mark("there is no alert {number}"),
    mark("alert {number} is acknowledged already"),
    # of enterprises and their returns
    mark("there is no enterprise in your scope"),
    mark("no enterprise has the code {code}"),
    mark("return {number} is approved; begin a correction of it"),
    mark("return {number} is {state} and waits for review"),
    mark("return {number} is {state}; only approved ones are corrected"),
    mark("return {number} is {state}; it does not wait for review"),
    mark("nothing was saved to submit"),
    mark("the draft was saved again since ({now}, not {then}); look at it"),
    mark("say why an approved return is corrected"),
    mark("say what is asked of the reporter"),
    mark("say why, in a sentence, such as: agrees with meters"),
    mark("there is no submitted return {numbers}"),
    mark("approve returns of one form, of one version, at a time"),
    mark(
        "{whole} of {code} is approved and has {period} in it; correct that return "
        "instead"
    ),
    mark("choose a return first"),
    mark("there is no return {number}; see {command}"),
    mark("return {number} has no version {version}; it was submitted {count} times"),
    mark("say why the deadline is another, in a sentence"),
    mark("no mail server: set EWATER_SMTP_URL and EWATER_MAIL_FROM"),
    mark("there are several forms, name one: {codes}"),
    mark("there is no form {code}; see {command}"),
    mark("{period} is no period; give a year (2024) or 2024-Q1"),
    mark("say one of {reasons}, and why in a sentence"),
    mark("there is no break {number}; see {command}"),
    mark("say why it is signed off, in a sentence"),
    mark(
        "{count} breaks of {period} are not explained ({named}); say of each whether "
        "it is real, or of method, scope or unit"
    ),
    # signatures
    mark("a signature has at most {count} bytes"),
    mark(
        "it is no signature: {why}; give 64 bytes of Ed25519 or detached CMS of one "
        "signer with its certificate"
    ),
    mark(
        "no key that is trusted for {code} made this signature over this content; sign "
        "the canonical JSON of the version with the registered key"
    ),
    mark(
        "no issuer that is trusted issued the certificate of {subject} (it names "
        "{issuer})"
    ),
    mark(
        "the certificate of {subject} was valid from {first} to {last}, not on {date}"
    ),
    mark(
        "the certificate of {subject} is not that of {code}; its code must be the "
        "serialNumber of the subject"
    ),
    mark("hash {name} is not accepted; use sha256 or longer"),
    mark("the certificate is that of a server, not for signing"),
    mark("the certificate is not for signing"),
    mark("the content was altered after it was signed"),
    mark("the signature is over another kind of content"),
    mark("the key has fewer than 2048 bits"),
    mark("the key is neither RSA, ECDSA nor Ed25519"),
    mark("the version is not what was sealed; restore a backup"),
    # editions
    mark("there is no edition {name} that you may see"),
    # what an edition was sealed in spite of
    mark("{count} inputs changed since {time}, first {code}"),
    mark("readings of {first} to {last} wait for {command}"),
    mark("{state}: version {version} was sent, none is approved"),
    mark("{state}: version {version} was sent, {number} is approved"),
    mark("{state}, revision {number}"),
    mark("unknown without {codes} and {count} more"),
    mark("unknown without {codes}"),
    mark("{share} observed, below {least}"),
    # accounts
    mark("there is no account yet"),
    mark("there is no account from {first} to {last}"),
    mark("no country is loaded; run {command} or {other}"),
    mark("no country is loaded; load one with {command}"),
    mark("no country was loaded by {time}"),
    mark("say which periods with --from; no account was computed yet"),
    mark("the account was not computed"),
    mark("no view {name}; there are {known}"),
    mark("view {view} has no cell {code}; it has {known}"),
    mark("a view names account {code}, which is not there"),
    mark("a view names flow {code}, which is not there"),
    mark("{cell} is no cell; write VIEW.CELL, such as balance.inflow"),
    mark(
        "{cell} is neither a sum of flows nor a quotient of such sums, so no bridge "
        "leads to it; take the cells that it is made of"
    ),
    mark(
        "{start} is in {unit} and {end} in {other}; a bridge needs two volumes, or two "
        "shares in one unit"
    ),
)
_PLACE = re.compile(r"\\\{(\w+)\\\}")


def why_not(error: Exception, lang: Language) -> str:
    """Say what an error says, in the language of the reader."""
    said = told(str(error), lang)
    return lang.gettext(_OTHER).format(words=error) if said is None else said


def told(words: str, lang: Language) -> str | None:
    """Say a message in the language of the reader; None where it has no words."""
    if lang.code == "en" or not words:
        return words
    whole = lang.gettext(words)
    if whole != words:
        return whole
    for template, pattern in _patterns():
        if match := pattern.fullmatch(words):
            values = {k: _value(k, v, lang) for k, v in match.groupdict().items()}
            return lang.gettext(template).format(**values)
    return None


def is_known(words: str) -> bool:
    """Whether a message has words of its own."""
    return any(pattern.fullmatch(words) for _, pattern in _patterns())


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (one, re.compile(_PLACE.sub(r"(?P<\1>.+?)", re.escape(one)), re.DOTALL))
        for one in KNOWN
    )


def _value(name: str, text: str, lang: Language) -> str:
    """Write a time or a day as the language does; anything else stays."""
    if name in ("share", "least"):
        return text.replace(".", lang.separators[0]).replace("%", " %")
    if name == "state" and text in STATES:
        return lang.within(lang.gettext(STATES[text]))
    try:
        if len(text) == len("2024-01-01"):
            return lang.day(dt.date.fromisoformat(text))
        if "T" in text:
            return f"{lang.moment(dt.datetime.fromisoformat(text))} UTC"
    except ValueError:
        pass
    return text
