from pathlib import Path
from types import UnionType
from typing import Any

import cv2
import pytest
import yaml

from dermadelta import measures
from dermadelta.config import (
    FAMILIES,
    Config,
    config_fingerprint,
    load_config,
    measuring_fingerprint,
    preset_names,
    to_yaml,
)
from dermadelta.domain import Settings
from dermadelta.errors import ConfigError
from dermadelta.kernels.card import patches
from dermadelta.variance.model import VarianceModel
from dermadelta.variance.store import model_text


def leaves(settings: Settings, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every value that can be set, with the way to it."""
    found = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Settings):
            found += leaves(value, (*path, name))
        else:
            found.append(((*path, name), value))
    return found


LEAVES = leaves(Config())


def another(value: Any) -> list[Any]:
    """Other values of the same kind, one of which the field's limits allow."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value * 1.01 + 1e-6, value * 0.99]
    if isinstance(value, str):
        return [value + "0", "DICT_5X5_50"]
    if isinstance(value, dict):
        return [{name: 1.01 * number for name, number in value.items()}]
    if isinstance(value, tuple) and value and isinstance(value[0], float):
        return [tuple(v * 1.01 for v in value)]
    if isinstance(value, tuple) and value and isinstance(value[0], int):
        return [tuple(v + 1 for v in value)]
    return [value[:-1], ("redness",)]


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    nested: Any = list(value) if isinstance(value, tuple) else value
    for name in reversed(path):
        nested = {name: nested}
    return nested


def test_the_way_of_the_pair_is_configured_in_full():
    names = set(Config.model_fields)
    assert {"load", "check", "calibrate", "region", "align", "carry", "compare"} <= names
    assert {"measure", "estimate", "depict", "measures"} <= names
    assert set(Config().params()) == {item.family for item in measures.ALL} == set(FAMILIES)


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_and_says_only_what_differs(name):
    config = load_config(name)
    assert config != Config()
    folder = Path(__file__).parents[2] / "configs"
    said = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    given = {(stage, key): value for stage, values in said.items() for key, value in values.items()}
    defaults = dict(LEAVES)
    for path, value in given.items():
        assert getattr(getattr(config, path[0]), path[1]) == value
        assert defaults[path] != value, f"{path} is the default already"


def test_the_three_presets_are_there():
    assert {"marketing", "microneedling", "research"} <= set(preset_names())


def test_nothing_given_is_the_default(tmp_path):
    assert load_config(None) == Config()
    empty = tmp_path / "empty.yaml"
    empty.write_text("# nothing set\n", encoding="utf-8")
    assert load_config(str(empty)) == Config()


def test_a_file_changes_only_what_it_says(tmp_path):
    file = tmp_path / "mine ü.yaml"
    file.write_text("compare:\n  max_zoom: 1.07\n", encoding="utf-8")
    found = dict(leaves(load_config(str(file))))
    assert found[("compare", "max_zoom")] == 1.07
    assert {p: v for p, v in found.items() if dict(LEAVES)[p] != v} == {
        ("compare", "max_zoom"): 1.07
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("alignn:\n  seed: 3\n", "alignn"),
        ("align:\n  sed: 3\n", "align.sed"),
        ("measures:\n  texture:\n    shortest: 0.3\n", "measures.texture.shortest"),
        ("measures:\n  textures: {}\n", "measures.textures"),
        ("estimate:\n  draws: 2\n", "estimate.draws"),
        ("align:\n  seed: soon\n", "align.seed"),
        ("compare:\n  max_zoom: .inf\n", "compare.max_zoom"),
        ("calibrate:\n  marker_dictionary: DICT_4X5_50\n", "calibrate.marker_dictionary"),
        ("measure:\n  only: [rednes]\n", "measure.only: unknown measure rednes"),
        ("estimate:\n  primary: [redness, rough]\n", "estimate.primary: unknown measure rough"),
        ("measures:\n  texture: {shortest_mm: 2.0}\n", "shortest_mm (2) must be below"),
        ("measures:\n  texture: {longest_pct: 0.5}\n", "shortest_pct (0.6) must be below"),
        ("region:\n  ring_inner_mm: 12.0\n", "ring_inner_mm (12) must be below"),
        ("region:\n  ring_outer_share: 0.05\n", "ring_inner_share (0.06) must be below"),
        ("compare:\n  max_zoom: .nan\n", "compare.max_zoom"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_file(tmp_path, text, named):
    file = tmp_path / "typo.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(str(file))
    assert named in str(caught.value)
    assert "typo.yaml" in str(caught.value)
    assert caught.value.exit_code == 2


def test_all_wrong_keys_are_named_at_once(tmp_path):
    file = tmp_path / "typos.yaml"
    file.write_text("align:\n  sed: 3\ncompare:\n  max_zom: 2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"align\.sed.*compare\.max_zom"):
        load_config(str(file))


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "align: [1\n"])
def test_what_is_no_table_of_settings_is_refused(tmp_path, text):
    file = tmp_path / "odd.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"odd\.yaml"):
        load_config(str(file))


@pytest.mark.parametrize(
    "content",
    [b"note: K\xf6rper\n", b"align: {seed: 1\0}\n", b"align: {seed: 2026-13-45}\n"],
    ids=["windows-1252", "zero byte", "no such day"],
)
def test_a_file_that_is_no_yaml_is_refused(tmp_path, content):
    file = tmp_path / "odd.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"odd\.yaml: not valid YAML"):
        load_config(str(file))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_as_windows_writes_it_is_read(tmp_path, encoding):
    file = tmp_path / "mine.yaml"
    file.write_text("align:\n  seed: 3\n", encoding=encoding)
    assert load_config(str(file)).align.seed == 3


def test_a_file_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "locked.yaml"
    file.write_text("align:\n  seed: 3\n", encoding="utf-8")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError, match=r"locked\.yaml: cannot be read \(Permission denied\)"):
        load_config(str(file))


def test_an_unknown_preset_lists_those_there_are():
    with pytest.raises(ConfigError, match="microneedling") as caught:
        load_config("microneedlng")
    assert "microneedlng" in str(caught.value)


@pytest.mark.parametrize("name", [None, *preset_names()])
def test_yaml_there_and_back_is_the_same_configuration(tmp_path, name):
    config = load_config(name)
    file = tmp_path / "all.yaml"
    file.write_text(to_yaml(config), encoding="utf-8")
    again = load_config(str(file))
    assert again == config
    assert config_fingerprint(again) == config_fingerprint(config)
    assert len(config_fingerprint(config)) == 64


def test_yaml_shows_every_setting_in_the_order_of_the_stages():
    shown = yaml.safe_load(to_yaml(Config()))
    assert list(shown) == list(Config.model_fields)
    for path, value in LEAVES:
        at = shown
        for name in path:
            at = at[name]
        assert at == (list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize(("path", "value"), LEAVES, ids=[".".join(path) for path, _ in LEAVES])
def test_every_value_is_part_of_the_fingerprint(path, value):
    for other in another(value):
        try:
            config = Config.model_validate(changed(path, other))
        except ValueError:
            continue
        if dict(leaves(config))[path] == value:
            continue
        if path in (("estimate", "variance_model"), ("calibrate", "target_values")):
            return  # a file: its content counts, see the tests below
        assert config_fingerprint(config) != config_fingerprint(Config())
        return
    pytest.fail(f"no other value of {path} is allowed: {value!r}")


def test_the_measured_colours_of_a_card_are_part_of_the_fingerprint(tmp_path):
    file = tmp_path / "card.csv"
    config = Config.model_validate({"calibrate": {"target_values": str(file)}})
    prints = []
    for change in (0.0, 1.0):
        # Grey steps get darker down the table, as they do on a card.
        rows = [
            f"{item.name},{90.0 - 3.0 * n - (change if n == 24 else 0.0):.1f},0,0"
            for n, item in enumerate(sorted(patches(), key=lambda item: item.name))
        ]
        file.write_text("\n".join(["patch,L,a,b", *rows]), encoding="utf-8")
        prints.append((config_fingerprint(config), measuring_fingerprint(config)))
    assert prints[0][0] != prints[1][0]
    assert prints[0][1] != prints[1][1]


def test_the_variance_model_is_part_of_the_fingerprint_but_asks_for_no_new_pixels(tmp_path):
    prints = []
    for name in ("one", "two"):
        file = tmp_path / "model.json"
        file.write_text(model_text(VarianceModel(name=name, made={}, measures={})), "utf-8")
        config = Config.model_validate({"estimate": {"variance_model": str(file)}})
        prints.append((config_fingerprint(config), measuring_fingerprint(config)))
    assert prints[0][0] != prints[1][0]
    assert prints[0][1] == prints[1][1] == measuring_fingerprint(Config())


def test_every_setting_says_what_it_is():
    def walk(kind: type[Settings], path: str) -> None:
        for name, field in kind.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, Settings):
                walk(inner, f"{path}{name}.")
            elif isinstance(inner, UnionType) or inner is not None:
                assert field.description, f"{path}{name}"
                assert field.description.endswith("."), f"{path}{name}"

    walk(Config, "")


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Config().align.seed = 3  # type: ignore[misc]


def test_only_the_measures_asked_for_are_read():
    config = Config.model_validate({"measure": {"only": ["redness_lab", "roughness"]}})
    assert [item.name for item in config.catalogue()] == ["roughness", "redness_lab"]
    assert Config().catalogue() == measures.ALL


def test_every_marker_dictionary_of_opencv_is_allowed():
    names = [name for name in dir(cv2.aruco) if name.startswith("DICT_")]
    assert len(names) > 16
    for name in names:
        Config.model_validate({"calibrate": {"marker_dictionary": name}})
