"""Forms are documents of the country folder, versioned like its tables."""

from __future__ import annotations

import pytest

from ewater.errors import FaultsError
from ewater.store import folder, registry


def test_forms_are_read_and_written_as_files_of_their_own(two_basins, tmp_path):
    frames = folder.read(two_basins)
    assert frames["forms"]["code"].tolist() == ["2-TP"]
    folder.write(tmp_path, {"forms": frames["forms"]})
    assert (tmp_path / "forms" / "2-TP.yaml").read_bytes() == (
        two_basins / "forms" / "2-TP.yaml"
    ).read_bytes()


def test_a_form_that_is_no_text_is_refused_by_its_name(tmp_path):
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "X.yaml").write_bytes(b"a\n\xff")
    with pytest.raises(FaultsError, match=r"forms/X\.yaml:2: byte 0xff is not UTF-8"):
        folder.read(tmp_path)


@pytest.mark.db
def test_an_earlier_form_stays_in_the_registry(engine, two_basins):
    frames = folder.read(two_basins)
    registry.load(engine, frames)
    first = registry.load(engine, {}).recorded_at
    changed = frames["forms"].assign(
        body=frames["forms"]["body"].str.replace("version: 1", "version: 2")
    )
    loaded = registry.load(engine, {"forms": changed})
    with engine.connect() as connection:
        before = loaded.recorded_at.replace(microsecond=0)
        now = registry.read_table(connection, "forms")
        then = registry.read_table(connection, "forms", before)
    assert first is None
    assert "version: 2" in now["body"][0]
    assert then.empty or "version: 1" in then["body"][0]
