"""An archive stands for itself; whatever is broken in it is named."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ewater.accounts.editions import archive, archive_verify, seal
from ewater.errors import UsageError

pytestmark = pytest.mark.db
NAME = "2023-annual"


@pytest.fixture
def exported(sealed, tmp_path):
    path = tmp_path / f"{NAME}.tar"
    archive.export(sealed, NAME, path)
    return path


def rewritten(path, change):
    """The archive with members changed, in the same order."""
    with tarfile.open(path) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar}
    change(files)
    other = path.with_name("other.tar")
    with tarfile.open(other, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return other


def told(path):
    document = archive_verify.check(path).document()
    assert not document["intact"]
    return [
        (d["kind"], d["item"], d["what"], d["cells"]) for d in document["differences"]
    ]


def test_an_archive_is_re_performed_without_the_store_and_equal_ones_are_equal(
    sealed, signers, exported, tmp_path
):
    again = tmp_path / "again.tar"
    archive.export(sealed, NAME, again)
    assert exported.read_bytes() == again.read_bytes()
    sealed.dispose()
    outcome = archive_verify.check(exported)
    assert outcome.intact, outcome.document()
    assert outcome.checked["cells"] > 4000
    for name in (b"ana", b"rufat"):
        assert b'"' + name + b'"' not in exported.read_bytes()


def another_merkle_root(lines):
    """RFC 6962 as its text has it: by halves, from the top."""
    if len(lines) == 1:
        return hashlib.sha256(b"\0" + lines[0]).digest()
    half = 1
    while half * 2 < len(lines):
        half *= 2
    left, right = another_merkle_root(lines[:half]), another_merkle_root(lines[half:])
    return hashlib.sha256(b"\1" + left + right).digest()


def test_another_program_comes_to_the_same_root_and_seal(exported):
    with tarfile.open(exported) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        roots = []
        for name in sorted(manifest["parts"]):
            content = tar.extractfile(name).read()
            lines = content.split(b"\n")[:-1]
            root = another_merkle_root(lines) if lines else hashlib.sha256().digest()
            assert root.hex() == manifest["parts"][name], name
            roots.append(f"{name} {root.hex()}".encode())
    root = another_merkle_root(roots)
    assert root.hex() == manifest["root"]
    (step,) = manifest["steps"]
    last = hashlib.sha256(step["line"].encode()).digest()
    seal_ = hashlib.sha256(b"\1" + root + last).hexdigest()
    assert seal_ == manifest["seal"]


def test_an_altered_line_is_named_with_what_it_touches(exported):
    name = "inputs/registry/flows.jsonl"

    def change(files):
        files[name] = files[name].replace(b'"G-IN.Q"', b'"G-MID.Q"', 1)

    found = told(rewritten(exported, change))
    (line,) = [one for one in found if one[0] == "flows"]
    assert line[1] == f"{name} line 4"
    assert '"measured_by":"G-MID.Q"' in line[2]
    assert ["TB", "balance.inflow"] in line[3]
    assert ("file", name) in {one[:2] for one in found}


def test_an_altered_reading_is_named_by_its_time(exported):
    def change(files):
        table = pq.read_table(io.BytesIO(files[archive.READINGS]))
        values = table["value"].to_numpy().copy()
        values[100] += 5
        columns = {n: table[n] for n in table.column_names} | {
            "value": pa.array(values)
        }
        out = io.BytesIO()
        pq.write_table(pa.table(columns), out)
        files[archive.READINGS] = out.getvalue()

    found = told(rewritten(exported, change))
    kinds = {kind: (item, cells) for kind, item, _, cells in found}
    assert kinds["file"][0] == archive.READINGS
    item, cells = kinds["reading"]
    assert item == "G-IN.Q 2023-01-05T00:00:00Z" or item.startswith("G-IN.Q 202")
    assert ["TB", "balance.inflow"] in cells


@pytest.mark.parametrize("member", ["inputs/readings.parquet", "parameters.txt"])
def test_a_file_that_is_gone_or_garbled_is_named(exported, member):
    gone = told(rewritten(exported, lambda files: files.pop(member)))
    assert ("file", member, "is not there") in {one[:3] for one in gone}
    garbled = told(
        rewritten(exported, lambda files: files.update({member: b"\xff" * 9}))
    )
    assert ("file", member) in {one[:2] for one in garbled}


def test_an_archive_that_ends_too_early_names_what_is_lost(exported):
    content = exported.read_bytes()
    exported.write_bytes(content[: len(content) // 2])
    found = told(exported)
    assert ("file", "archive", "it ends too early") in {one[:3] for one in found}
    assert any(what == "is not there" for _, _, what, _ in found)


@pytest.mark.parametrize("content", [b"", b"no tar", b"\0" * 20480])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.tar"):
        archive_verify.check(path)


def test_a_forged_step_is_found(sealed, signers, exported):
    seal.advance(sealed, NAME, "review", signers["rufat"])
    archive.export(sealed, NAME, exported)
    assert archive_verify.check(exported).intact

    def change(files):
        manifest = json.loads(files["manifest.json"])
        step = manifest["steps"][1]
        step["state"] = manifest["state"] = "published"
        step["line"] = step["line"].replace("reviewed", "published")
        files["manifest.json"] = json.dumps(manifest).encode()

    whats = {what for _, _, what, _ in told(rewritten(exported, change))}
    assert "its line was altered: the hash is of another one" in whats
    assert "draft published do not lead to published" in whats


def test_the_archive_of_a_withdrawn_edition_says_so(sealed, signers, exported):
    seal.advance(sealed, NAME, "withdraw", signers["ana"], reason="wrong curve")
    manifest = archive.export(sealed, NAME, exported)
    assert (manifest["state"], manifest["reason"]) == ("withdrawn", "wrong curve")
    assert archive_verify.check(exported).intact
