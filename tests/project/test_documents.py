"""What the documents promise of the code, and the code of the documents."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ewater
from ewater.store import tables
from ewater.store.base import Base
from ewater.terms import TERMS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

for module in pkgutil.walk_packages(tables.__path__, f"{tables.__name__}."):
    importlib.import_module(module.name)


def locked() -> dict[str, str]:
    """Version of each distribution in the lock file."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", lock, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("name", sorted(Base.metadata.tables))
def test_every_table_and_column_has_a_comment(name):
    table = Base.metadata.tables[name]
    assert table.comment, f"table {name}"
    silent = [column.name for column in table.columns if not column.comment]
    assert silent == []


def test_every_module_is_placed_in_the_architecture():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    parts = {module.name for module in pkgutil.iter_modules(ewater.__path__)}
    assert {part for part in parts if not re.search(rf"`(ewater\.)?{part}`", text)} == (
        set()
    )


def test_every_term_is_in_the_glossary():
    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").lower()
    words = {name: name.replace("_", " ") for name in TERMS}
    absent = {name for name, word in words.items() if not {name, word} & found(text)}
    assert absent == set()


def found(glossary: str) -> set[str]:
    """First cells of the glossary's tables, without their code marks."""
    rows = re.findall(r"^\|([^|]+)\|", glossary, re.MULTILINE)
    cells = [cell.replace("`", "").split(",") for cell in rows]
    return {word.strip() for cell in cells for word in cell}


@pytest.mark.parametrize("group", ["dependencies", "dev"])
def test_the_lock_file_satisfies_the_project(group):
    wanted = (
        PROJECT["project"]["dependencies"]
        if group == "dependencies"
        else PROJECT["dependency-groups"][group]
    )
    versions = locked()
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{name} is not locked"
        assert requirement.specifier.contains(versions[name]), f"{name} {versions}"


def test_every_line_of_the_lock_file_is_pinned_by_hash():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert all(re.match(r"\S+==\S+", entry) for entry in entries)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_interpreter_is_one_the_project_supports():
    wanted = Requirement(f"python{PROJECT['project']['requires-python']}").specifier
    assert wanted.contains(default_environment()["python_full_version"])
