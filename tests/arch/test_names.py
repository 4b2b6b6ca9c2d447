"""Our top-level names are common words, so nobody else in this environment may own them."""

import importlib
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.arch.packages import PACKAGES, ROOT


@pytest.mark.parametrize("name", PACKAGES)
def test_a_name_comes_from_here(name: str) -> None:
    package = importlib.import_module(name)
    assert package.__file__ is not None
    assert Path(package.__file__).parent == ROOT / name


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_installed_package_owns_the_name(name: str) -> None:
    owners = set(packages_distributions().get(name, []))
    assert owners <= {"triggerhub"}


def test_every_place_that_lists_the_packages_lists_all() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tool = project["tool"]
    assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PACKAGES)
    assert set(tool["importlinter"]["root_packages"]) == set(PACKAGES)
    assert set(tool["vulture"]["paths"]) == set(PACKAGES)
    assert set(tool["mypy"]["files"]) >= set(PACKAGES)
    assert set(tool["deptry"]["known_first_party"]) >= set(PACKAGES)
    assert set(tool["ruff"]["lint"]["isort"]["known-first-party"]) >= set(PACKAGES)
