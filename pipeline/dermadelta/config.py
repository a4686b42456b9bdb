"""The configuration: every stage's Config and every measure's Params in one frozen value."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml
from pydantic import Field, ValidationError, create_model, model_validator

from dermadelta import measures
from dermadelta.domain import SCHEMA_VERSION, Measure, Settings
from dermadelta.errors import ConfigError
from dermadelta.stages.align import AlignConfig
from dermadelta.stages.calibrate import CalibrateConfig
from dermadelta.stages.carry import CarryConfig
from dermadelta.stages.check import CheckConfig
from dermadelta.stages.compare import CompareConfig
from dermadelta.stages.depict import DepictConfig
from dermadelta.stages.distinct import DistinctConfig
from dermadelta.stages.estimate import EstimateConfig
from dermadelta.stages.gather import GatherConfig
from dermadelta.stages.load import CardValues, LoadConfig, load_card_values
from dermadelta.stages.match import MatchConfig
from dermadelta.stages.measure import MeasureConfig
from dermadelta.stages.observe import ObserveConfig
from dermadelta.stages.region import RegionConfig
from dermadelta.variance.model import VarianceModel
from dermadelta.variance.store import load_model

FAMILIES: dict[str, type[Settings]] = {item.family: item.params for item in measures.ALL}
"""Params class of every measure family, by family name."""

if TYPE_CHECKING:
    MeasuresConfig = Settings
else:
    MeasuresConfig = create_model(
        "MeasuresConfig",
        __base__=Settings,
        __doc__="Params of every measure family.",
        **{name: (params, Field(default_factory=params)) for name, params in FAMILIES.items()},
    )


class Config(Settings):
    """Everything that can be set; each default stands in the class of its stage or measure."""

    load: LoadConfig = Field(default_factory=LoadConfig)
    check: CheckConfig = Field(default_factory=CheckConfig)
    calibrate: CalibrateConfig = Field(default_factory=CalibrateConfig)
    region: RegionConfig = Field(default_factory=RegionConfig)
    align: AlignConfig = Field(default_factory=AlignConfig)
    distinct: DistinctConfig = Field(default_factory=DistinctConfig)
    carry: CarryConfig = Field(default_factory=CarryConfig)
    observe: ObserveConfig = Field(default_factory=ObserveConfig)
    compare: CompareConfig = Field(default_factory=CompareConfig)
    measure: MeasureConfig = Field(default_factory=MeasureConfig)
    match: MatchConfig = Field(default_factory=MatchConfig)
    gather: GatherConfig = Field(default_factory=GatherConfig)
    estimate: EstimateConfig = Field(default_factory=EstimateConfig)
    depict: DepictConfig = Field(default_factory=DepictConfig)
    measures: MeasuresConfig = Field(default_factory=MeasuresConfig)

    @model_validator(mode="after")
    def _measures_exist(self) -> Self:
        known = [item.name for item in measures.ALL]
        asked = {"measure.only": self.measure.only, "estimate.primary": self.estimate.primary}
        for key, names in asked.items():
            if unknown := [name for name in names if name not in known]:
                raise ValueError(
                    f"{key}: unknown measure {', '.join(unknown)}; choose among {', '.join(known)}"
                )
        return self

    def params(self) -> dict[str, Settings]:
        """Params by family."""
        return {name: getattr(self.measures, name) for name in FAMILIES}

    def catalogue(self) -> tuple[Measure, ...]:
        """The measures to read, in the order of the tables."""
        if not self.measure.only:
            return measures.ALL
        wanted = [measures.by_name(name) for name in self.measure.only]
        return tuple(item for item in measures.ALL if item in wanted)

    def variance(self) -> VarianceModel:
        """The variance model that intervals come from.

        Raises
        ------
        ConfigError
            The file cannot be read or is of another version; the message says what to do.
        """
        return load_model(self.estimate.variance_model)

    def card_values(self) -> CardValues | None:
        """Measured colours of the target card, linear sRGB by patch; None for the nominal ones.

        Raises
        ------
        InputError
            The file cannot be used; the message names line and remedy.
        """
        return load_card_values(self.calibrate.target_values)


def load_config(name_or_path: str | None) -> Config:
    """Configuration from a YAML file or a preset's name; None gives the defaults.

    Parameters
    ----------
    name_or_path : str or None
        A path, or the name of a preset in ``configs/`` (``"microneedling"``).

    Raises
    ------
    ConfigError
        No such file or preset, not readable, not YAML, an unknown key or a value out of range;
        the message names every key concerned.
    """
    if name_or_path is None:
        return Config()
    try:
        # Bytes: YAML tells UTF-8 from UTF-16, which `>` writes in PowerShell, by itself.
        values = yaml.safe_load(_source(name_or_path))
    except OSError as error:
        raise ConfigError(
            f"cannot be read ({error.strerror})",
            remedy="Give your user the right to read it, or the name of a preset.",
            file=name_or_path,
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(
            f"not valid YAML ({_one_line(error)})",
            remedy="Correct the file; `dermadelta config show` prints one that works.",
            file=name_or_path,
        ) from error
    if values is None:
        return Config()
    if not isinstance(values, dict):
        raise ConfigError(
            "holds no settings",
            remedy="Write `stage:` and below it `key: value`, as `dermadelta config show` does.",
            file=name_or_path,
        )
    return _validated(values, name_or_path)


def _source(name_or_path: str) -> bytes:
    path = Path(name_or_path)
    return path.read_bytes() if path.is_file() else _preset(name_or_path)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _validated(values: dict[str, Any], source: str) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            ": ".join(filter(None, (".".join(map(str, item["loc"])), item["msg"])))
            for item in error.errors()
        )
        raise ConfigError(
            f"configuration refused ({problems})",
            remedy="Correct these keys; `dermadelta config show` lists all keys and defaults.",
            file=source,
        ) from error


def preset_names() -> tuple[str, ...]:
    """Names of the presets that come with the package."""
    return tuple(sorted(p.stem for p in _preset_folder().glob("*.yaml")))


def _preset_folder() -> Path:
    """``dermadelta/presets`` in an installed package, ``configs/`` in a checkout."""
    package = Path(str(resources.files("dermadelta")))
    installed = package / "presets"
    return installed if installed.is_dir() else package.parents[1] / "configs"


def _preset(name: str) -> bytes:
    if name in preset_names():
        return (_preset_folder() / f"{name}.yaml").read_bytes()
    known = ", ".join(preset_names())
    raise ConfigError(
        "no such configuration file or preset",
        remedy=f"Give the path of a YAML file or one of: {known}.",
        file=name,
    )


def to_yaml(config: Config) -> str:
    """All settings as YAML, in the order of the stages."""
    text: str = yaml.safe_dump(
        config.model_dump(mode="json"), sort_keys=False, allow_unicode=True, default_flow_style=None
    )
    return text


def config_fingerprint(config: Config) -> str:
    """SHA-256 of everything that can change a result: settings, model, measure versions, schema."""
    text = "\n".join(
        [config.model_dump_json(), config.variance().model_dump_json(), _versions(config)]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def measuring_fingerprint(config: Config) -> str:
    """SHA-256 of what can change what is read from pixels: conclusions are drawn anew each time."""
    text = "\n".join([config.model_dump_json(exclude={"estimate"}), _versions(config)])
    return hashlib.sha256(text.encode()).hexdigest()


def _versions(config: Config) -> str:
    """What a result depends on besides the settings: versions, and what files they name hold."""
    versions = (f"{item.name}={item.version}" for item in config.catalogue())
    colours = sorted((config.card_values() or {}).items())
    return " ".join((*versions, str(SCHEMA_VERSION), *map(repr, colours)))
