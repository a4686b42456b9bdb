import json

import pytest

from dermadelta.config import load_config
from dermadelta.errors import ConfigError
from dermadelta.measures import ALL
from dermadelta.variance.model import Entry, VarianceModel
from dermadelta.variance.nuisances import NUISANCES
from dermadelta.variance.store import load_model, model_text

MODEL = VarianceModel(
    name="test",
    made={"seed": 3, "command": "dermadelta fit-variance"},
    measures={
        "roughness": Entry(
            version=1,
            alone={"base": 0.01, "sampling": 1.0},
            own={"sampling": 1.0},
            skin={"sampling": 1.0},
            alone_factor=1.25,
        )
    },
)


def test_a_model_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "model.json"
    path.write_text(model_text(MODEL), encoding="utf-8")
    assert load_model(str(path)) == MODEL
    assert model_text(load_model(str(path))) == model_text(MODEL)


def test_the_packaged_model_knows_only_what_there_is():
    model = load_model()
    names = {m.name for m in ALL}
    assert set(model.measures) <= names
    known = {"base", "sampling", *NUISANCES}
    for entry in model.measures.values():
        for part in (entry.alone, entry.own, entry.skin, entry.shared):
            assert set(part) <= known
            assert all(value >= 0.0 for value in part.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[]", "form None"),
        (json.dumps({"format": 99}), "form 99"),
        (json.dumps({"format": 1, "name": "x"}), "damaged"),
        (model_text(MODEL).replace("1.25", "-1"), "damaged"),
        (model_text(MODEL).replace('"alone":', '"alone2":'), "damaged"),
        (model_text(MODEL).replace("0.01", "-0.01"), "negative"),
        (model_text(MODEL).replace('"base"', '"bsae"'), "unknown nuisance bsae"),
        (model_text(MODEL).replace('"sampling": 1.0', '"sampling": 0.1'), "sampling must be"),
        (model_text(MODEL).replace('"sampling": 1.0', '"edge": 1.0'), "sampling must be"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_with_its_remedy(tmp_path, text, said):
    path = tmp_path / "model.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as refused:
        load_model(str(path))
    assert "fit-variance" in str(refused.value)
    assert "model.json" in str(refused.value)


def test_a_missing_model_is_refused(tmp_path):
    settings = tmp_path / "mine.yaml"
    settings.write_text(f"estimate: {{variance_model: '{tmp_path}/none.json'}}", encoding="utf-8")
    config = load_config(str(settings))
    with pytest.raises(ConfigError, match="cannot be read"):
        config.variance()
