"""Make the reference of all modules, filters and roles as HTML pages; any warning is a failure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCES = CHECKOUT / "docs" / "reference"
COLLECTION = "postmaster.mail"
AS_TEXT = {"str", "path", "raw"}


def in_words(option: dict[str, Any]) -> dict[str, Any]:
    """Say in the description a default that is an expression: antsibull-docs takes only values of the option's type."""
    told = dict(option)
    if "options" in option:
        told["options"] = {name: in_words(suboption) for name, suboption in option["options"].items()}
    default = option.get("default")
    if isinstance(default, str) and "{{" in default and option.get("type", "str") not in AS_TEXT:
        escaped = re.sub(r"([\\)])", r"\\\1", " ".join(default.split()))
        description = [option["description"]] if isinstance(option["description"], str) else option["description"]
        told["description"] = [*description, f"By default V({escaped})."]
        del told["default"]
    return told


def rewrite_specs(file: Path) -> None:
    specs = yaml.safe_load(file.read_text(encoding="utf-8"))
    for entry in specs["argument_specs"].values():
        entry["options"] = {name: in_words(option) for name, option in entry.get("options", {}).items()}
    file.write_text(yaml.safe_dump(specs, allow_unicode=True, sort_keys=False), encoding="utf-8")


def copy_collection(target: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "galaxy.yml", "README.md", "meta", "plugins", "roles"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, target / name)
    for specs in target.glob("roles/*/meta/argument_specs.yml"):
        rewrite_specs(specs)


def run(environment: dict[str, str], *command: str | Path) -> None:
    """Run one step; what antsibull-docs prints without failing is a warning all the same."""
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True, env=environment)
    said = (done.stdout + done.stderr).strip()
    if done.returncode != 0 or said:
        sys.exit(f"{command[0]} {command[1]} on the reference of {COLLECTION}:\n{said}")


def main(site: Path) -> None:
    work = site.parent / (site.name + ".work")
    for stale in (work, site):
        shutil.rmtree(stale, ignore_errors=True)
    collection = work / "collections" / "ansible_collections" / COLLECTION.replace(".", "/")
    copy_collection(collection)
    # antsibull-docs keeps a log in the home directory.
    environment = os.environ | {"HOME": str(work), "ANSIBLE_COLLECTIONS_PATH": str(work / "collections")}
    run(
        environment,
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs",
        "self",
        "--skip-rstcheck",
        collection,
    )
    pages = work / "rst"
    pages.mkdir()
    run(
        environment,
        "antsibull-docs",
        "collection",
        "--use-current",
        "--squash-hierarchy",
        "--fail-on-error",
        "--dest-dir",
        pages,
        COLLECTION,
    )
    shutil.copy(SOURCES / "ansible.rst", pages)
    run(environment, "sphinx-build", "-q", "-W", "--keep-going", "-c", SOURCES, pages, site)
    shutil.rmtree(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
