"""What every role promises: defaults and argument_specs say the same, and each platform names the same things."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

_ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "dict": (dict,),
    "float": (float, int),
    "int": (int,),
    "list": (list,),
    "path": (str,),
    "str": (str,),
}


def _load(path: pathlib.Path) -> dict[str, t.Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def _role_names() -> list[str]:
    return sorted(path.parent.parent.name for path in _ROLES.glob("*/meta/main.yml"))


def _entry_points(role: str) -> dict[str, dict[str, t.Any]]:
    specs = _load(_ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    return {name: spec.get("options", {}) for name, spec in specs.items()}


def _defaults(role: str) -> dict[str, t.Any]:
    path = _ROLES / role / "defaults" / "main.yml"
    return _load(path) if path.exists() else {}


def _platform_files(role: str) -> list[pathlib.Path]:
    return sorted(path for path in (_ROLES / role / "vars").glob("*.yml") if path.name != "main.yml")


def _is_template(value: object) -> bool:
    return isinstance(value, str) and "{{" in value


@pytest.mark.parametrize("role", _role_names())
def test_every_default_is_specified_and_every_specified_default_exists(role: str) -> None:
    with_default = {
        key for options in _entry_points(role).values() for key, option in options.items() if "default" in option
    }
    assert with_default == set(_defaults(role))


@pytest.mark.parametrize("role", _role_names())
def test_defaults_have_the_same_values_in_both_places(role: str) -> None:
    defaults = _defaults(role)
    specified = {
        f"{entry}.{key}": (option["default"], defaults.get(key))
        for entry, options in _entry_points(role).items()
        for key, option in options.items()
        if "default" in option
    }
    assert {
        name: pair for name, pair in specified.items() if pair[0] != pair[1] or type(pair[0]) is not type(pair[1])
    } == {}


@pytest.mark.parametrize("role", _role_names())
def test_defaults_have_the_specified_type(role: str) -> None:
    wrong = [
        f"{entry}.{key}"
        for entry, options in _entry_points(role).items()
        for key, option in options.items()
        if "default" in option
        and not _is_template(option["default"])
        and option.get("type", "str") in _TYPES
        and not isinstance(option["default"], _TYPES[option.get("type", "str")])
    ]
    assert wrong == []


@pytest.mark.parametrize("role", _role_names())
def test_defaults_are_among_the_choices(role: str) -> None:
    wrong = [
        f"{entry}.{key}"
        for entry, options in _entry_points(role).items()
        for key, option in options.items()
        if "choices" in option and not _is_template(option.get("default")) and "default" in option
        if not set(_as_list(option["default"])) <= set(option["choices"])
    ]
    assert wrong == []


@pytest.mark.parametrize("role", _role_names())
def test_public_names_carry_the_prefix_of_the_role(role: str) -> None:
    names = {key for options in _entry_points(role).values() for key in options} | set(_defaults(role))
    assert [name for name in sorted(names) if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", _role_names())
def test_platforms_define_the_same_internal_names(role: str) -> None:
    files = _platform_files(role)
    keys = {path.name: sorted(_load(path)) for path in files}
    expected = next(iter(keys.values()), [])
    assert {name: found for name, found in keys.items() if found != expected} == {}
    assert [key for key in expected if not key.startswith(f"__{role}_")] == []


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
