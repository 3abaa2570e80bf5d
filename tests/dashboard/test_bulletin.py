"""The printed bulletin: its pages, its languages, and what happens when it fails."""

from __future__ import annotations

import io
import re

import pytest

from ewater.dashboard.app import create_app
from ewater.dashboard.bulletin import ask, document, plan, printing
from ewater.dashboard.i18n import LANGUAGES, language
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State
from ewater.errors import EWaterError, NotReadyError, UsageError

STATE = State(territory="TL", year=2024)
HEADINGS = {
    "az": "Su balansı bülleteni",
    "en": "Water balance bulletin",
    "ru": "Бюллетень водного баланса",
}


@pytest.fixture(scope="module")
def cached(reader):
    return CachedReader(reader)


def text(html):
    """What is printed, without scripts and styles."""
    return re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_bulletin_speaks_one_language(cached, code):
    state = STATE.with_changes(lang=code)
    said = text(document.document(cached, state, 10))
    assert HEADINGS[code] in said
    assert said.count('<div class="page') == 10
    assert f'<html lang="{code}"' in said
    for number in ("1 / 10", "10 / 10"):
        assert number in said
    if code != "en":
        for word in ("Inflow", "Coverage", "Agriculture", "Definitions"):
            assert word not in said


def test_gaps_are_printed_as_gaps_and_no_unknown_is_a_zero(cached):
    said = text(document.document(cached, STATE, 1))
    assert "≥ 17,006" in said
    residual = re.search(r'class="figure residual">(.*?)</b>', said, re.DOTALL)
    assert residual is not None
    assert residual[1].rstrip().endswith("—")
    card = re.search(
        r'class="figure residual">(.*?)</b>(.*?)</div>\s*</div>', said, re.DOTALL
    )
    assert card is not None
    assert "±" not in card[2]  # what is unknown has no uncertainty
    assert "hm³" not in card[2].partition("Coverage")[0]
    assert said.count(" (95 %)") >= 3  # the others have theirs


def test_a_bulletin_asks_nothing_of_any_network(cached):
    html = document.document(cached, STATE, 10)
    assert "default-src 'none'" in html
    assert not re.search(r'(?:src|href)="(?!data:)', text(html))
    assert '"showSendToCloud"' not in html
    assert "showSendToCloud: false" in html


def test_a_hostile_name_is_text_on_paper(made_up_country):
    reader = made_up_country.MadeUpReader()
    for column in ("name_az", "name_en", "name_ru"):
        reader.territories().loc["TL", column] = "</script><b>x"
        reader.territories().loc["B-MID", column] = "</script><b>y"
    html = document.document(CachedReader(reader), STATE, 10)
    assert "</script><b>" not in html
    assert "&lt;/script&gt;&lt;b&gt;x" in html


def test_there_are_bulletins_of_one_page_and_of_ten(cached):
    assert plan.PAGES == (1, 10)
    with pytest.raises(UsageError, match="1 or 10 pages, not 3"):
        document.document(cached, STATE, 3)


def test_a_period_is_asked_for_as_people_write_it(cached):
    for period, months in (("2023", "1-12"), ("2023-Q4", "10-12"), ("2023-09", "9-9")):
        assert ask.state(cached, period=period).period == months
    assert ask.state(cached).year == 2025
    assert ask.state(cached, territory="D10").territory == "D10"
    for wrong in ("23", "2023-13", "2023-Q5", "1492"):
        with pytest.raises(UsageError):
            ask.state(cached, period=wrong)
    with pytest.raises(UsageError, match="no territory 'X'; there are B-MID"):
        ask.state(cached, territory="X")


def test_the_last_page_says_what_the_words_mean(cached):
    last = text(document.document(cached, STATE, 10)).split('<div class="page')[-1]
    english = language("en")
    for words, meaning in document.files.MEANINGS.items():
        assert english.gettext(words) in last
        assert english.gettext(meaning) in last
    assert "made-up-1" in last


def test_without_chromium_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    with pytest.raises(NotReadyError, match="install the package chromium"):
        printing.to_pdf("<p>x")


def test_a_browser_that_does_not_end_is_ended(monkeypatch, tmp_path):
    slow = tmp_path / "chromium"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(slow))
    with pytest.raises(EWaterError, match="did not print within 0 s"):
        printing.to_pdf("<p>x", longest_s=0.2)


def test_a_browser_that_dies_leaves_no_half_page(monkeypatch, tmp_path):
    dying = tmp_path / "chromium"
    dying.write_text(
        "#!/bin/sh\nfor a; do case $a in --print-to-pdf=*) printf %%PDF-1.4 > "
        '"${a#--print-to-pdf=}";; esac; done\nkill -9 $$\n'
    )
    dying.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(dying))
    with pytest.raises(EWaterError, match="no whole page"):
        printing.to_pdf("<p>x")


@pytest.mark.browser
@pytest.mark.parametrize(("code", "pages"), [("az", 1), ("ru", 10)])
def test_paper_has_as_many_pages_as_were_asked_for(cached, code, pages, browser):
    from pypdf import PdfReader

    html = document.document(cached, STATE.with_changes(lang=code), pages)
    pdf = PdfReader(io.BytesIO(printing.to_pdf(html)))
    assert len(pdf.pages) == pages
    first = pdf.pages[0].extract_text()
    assert HEADINGS[code] in first
    assert "2024" in first


@pytest.fixture
def client(reader):
    return create_app(reader).server.test_client()


def browser_that(tmp_path, monkeypatch, does):
    fake = tmp_path / "chromium"
    fake.write_text(f"#!/bin/sh\n{does}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(fake))


def test_a_printer_killed_amid_a_bulletin_gives_no_half_file_and_can_be_asked_again(
    client, monkeypatch, tmp_path
):
    half = "for a; do case $a in --print-to-pdf=*) f=${a#--print-to-pdf=};; esac; done"
    browser_that(tmp_path, monkeypatch, f'{half}\nprintf %%PDF-1.4 > "$f"\nkill -9 $$')
    address = "/download/bulletin-1.pdf?territory=TL&year=2023&lang=en"
    answer = client.get(address)
    assert answer.status_code == 503
    assert answer.get_json() == {
        "error": "The bulletin could not be printed. Try again."
    }
    browser_that(tmp_path, monkeypatch, f'{half}\nprintf "%%PDF-1.4 %%%%EOF" > "$f"')
    again = client.get(address)
    assert again.status_code == 200
    assert again.headers["Content-Disposition"] == (
        "attachment; filename=ewater-bulletin-TL-2023-01-01.pdf"
    )


@pytest.mark.parametrize(
    ("address", "status"),
    [("1.pdf?territory=NONE", 403), ("3.pdf", 400), ("1.pdf?year=1492", 400)],
)
def test_a_bulletin_of_what_does_not_exist_is_refused(client, address, status):
    assert client.get(f"/download/bulletin-{address}").status_code == status


def test_the_annual_balance_is_taken_away_as_it_is_handed_in(
    client, monkeypatch, tmp_path
):
    half = "for a; do case $a in --print-to-pdf=*) f=${a#--print-to-pdf=};; esac; done"
    browser_that(tmp_path, monkeypatch, f'{half}\nprintf "%%PDF-1.4 %%%%EOF" > "$f"')
    for kind, begin in (("xlsx", b"PK"), ("pdf", b"%PDF")):
        address = f"/download/annual-balance.{kind}?territory=TL&year=2023&lang=az"
        answer = client.get(address)
        assert answer.data.startswith(begin)
        name = f"filename=ewater-annual-balance-TL-2026-2027.{kind}"
        assert name in answer.headers["Content-Disposition"]
    assert client.get("/download/annual-balance.csv").status_code == 404
    assert client.get("/download/annual-balance.xlsx?territory=NONE").status_code == 403
