"""The page of the country folder is the schema's own description."""

from __future__ import annotations

from pathlib import Path

from ewater.store import folder_docs
from ewater.store.folder_files import FILES

PAGE = Path(__file__).parents[2] / "docs" / "country-folder.md"


def test_the_page_describes_every_file_and_column_as_the_reader_takes_them():
    page = PAGE.read_text("utf-8")
    assert folder_docs.renew(page) == page, (
        "run python -m ewater.store.folder_docs docs/country-folder.md"
    )


def test_every_column_has_a_meaning_and_refers_to_a_file_that_is_there():
    for file in FILES.values():
        assert set(file.key) <= set(file.names)
        for column in file.columns:
            assert column.meaning
            assert column.refers is None or column.refers in FILES
