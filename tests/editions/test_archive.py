"""An archive stands for itself; whatever is broken in it is named."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ewater.accounts.editions import archive, archive_verify, seal
from ewater.errors import UsageError

pytestmark = pytest.mark.db
NAME = "2023-annual"


@pytest.fixture(scope="module")
def archived(copies, sealed_template, tmp_path_factory):
    """Bytes of the archive of what was sealed."""
    path = tmp_path_factory.mktemp("archived") / "x.tar"
    with copies.engine(sealed_template) as engine:
        archive.export(engine, NAME, path)
    return path.read_bytes()


@pytest.fixture
def exported(archived, tmp_path):
    path = tmp_path / f"{NAME}.tar"
    path.write_bytes(archived)
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


def broken(path):
    """What is broken in an archive before figures are computed."""
    *_, found = archive_verify.look(path)
    return [(one.kind, one.item, one.what, one.subject) for one in found]


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
    assert ("file", "archive", "it ends too early, or cannot be read on") in {
        one[:3] for one in found
    }
    assert any(what == "is not there" for _, _, what, _ in found)


@pytest.mark.parametrize("content", [b"", b"no tar", b"\0" * 20480])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.tar"):
        archive_verify.check(path)


def altered_manifest(change):
    """Change the manifest and write it as it is always written."""

    def go(files):
        manifest = json.loads(files[archive.MANIFEST])
        change(manifest)
        files[archive.MANIFEST] = archive.text_of(manifest)

    return go


@pytest.mark.parametrize(
    ("change", "item", "what"),
    [
        (lambda m: m.update(reason="as it pleases"), "manifest.json", "reason is"),
        (lambda m: m.update(territory="EAST"), "manifest.json", "sealed or signed"),
        (lambda m: m.update(period_end="2025-01-01T00:00:00+00:00"), "manifest.json",
         "period_end is"),
        (lambda m: m.update(as_of="2020-01-01T00:00:00+00:00"), "manifest.json",
         "as_of is"),
        (lambda m: m["files"]["README.md"].update(size=7), "README.md", "says 7 bytes"),
        (lambda m: m["keys"].update({"ab": "x"}), "manifest.json", "signed no step"),
        (lambda m: m["files"].pop("leaves/parameters.txt.txt"),
         "leaves/parameters.txt.txt", "does not name it"),
        *(
            (lambda m, name=name, value=value: m["steps"][0].update({name: value}),
             "step 1 (draft 2023-annual)", "not its line")
            for name, value in (
                ("prev", "ab" * 32), ("at", "2020-01-01T00:00:00+00:00"),
                ("person", "nobody"), ("note", {"reason": "no", "exceptions": []}),
            )
        ),
    ],
)  # fmt: skip
def test_what_a_manifest_tells_otherwise_is_named(exported, change, item, what):
    found = broken(rewritten(exported, altered_manifest(change)))
    assert any(of == item and what in why for _, of, why, _ in found), found


def test_no_byte_of_the_container_stands_unnamed(exported):
    content = exported.read_bytes()
    with tarfile.open(exported) as tar:
        readme = tar.getmember("README.md")
    end = readme.offset_data + readme.size  # in the padding behind it
    for altered in (content[:end] + b"x" + content[end + 1 :], content + b"hidden"):
        exported.write_bytes(altered)
        ((kind, item, what, subject),) = broken(exported)
        assert (kind, item, subject) == ("file", "archive", {"elsewhere": True})
        assert "behind the end" in what
    exported.write_bytes(content.replace(b'"as_of": ', b'"as_of":\t', 1))
    assert any("not written as" in what for _, _, what, _ in broken(exported))


def test_members_that_are_no_plain_files_or_come_twice_are_named(exported, tmp_path):
    with tarfile.open(exported, "a") as tar:
        for name in ("parameters.txt", "../../up.txt"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("keys.pem")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    found = {(item, what) for _, item, what, _ in broken(exported)}
    assert ("parameters.txt", "is there more than once") in found
    assert ("../../up.txt", "the manifest does not name it") in found
    assert ("keys.pem", "is no plain file") in found
    assert not list(tmp_path.parent.glob("up.txt"))


def test_a_file_that_says_it_has_any_number_of_readings_is_not_unpacked(exported):
    rows = 40_000_000
    sides = {"series": pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array(["G-IN.Q"]))}  # fmt: skip
    out = io.BytesIO()
    pq.write_table(pa.table(sides), out)
    assert out.tell() < 200_000
    bomb = {archive.READINGS: out.getvalue()}
    found = told(rewritten(exported, lambda files: files.update(bomb)))
    assert any("40,000,000 readings are said to be there" in one[2] for one in found)
    cells = next(one[3] for one in found if one[2].startswith("inputs cannot be read"))
    assert ["TB", "balance.inflow"] in cells  # what follows cannot be told: all


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"[" * 200_000, "no JSON"),
        (b'{"format": "ewater-edition/9"}', "reads 'ewater-edition/1'"),
        (b'{"format": "ewater-edition/1", "name": 3}', r"manifest\.json: name"),
        (b"[1]", "no JSON"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(exported, content, match):
    other = rewritten(exported, lambda f: f.update({archive.MANIFEST: content}))
    with pytest.raises(UsageError, match=match):
        archive_verify.check(other)


def test_a_part_that_cannot_be_read_names_every_cell(exported):
    name = "inputs/registry/views.jsonl"

    def change(files):
        files[name] = files[name].replace(b"view:", b"vidw:", 1)

    found = {one[1]: one[3] for one in told(rewritten(exported, change))}
    assert ["TB", "balance.inflow"] in found[f"{name} line 1"]


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
