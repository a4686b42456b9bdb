"""Settings: show what holds, check a file before a long run."""

from __future__ import annotations

from dataclasses import dataclass

from dermadelta.config import Config, config_fingerprint, load_config, to_yaml


@dataclass(frozen=True)
class CheckedConfig:
    """A configuration that was found and is valid, with the fingerprint of its values."""

    config: Config
    fingerprint: str


def show(name_or_path: str | None = None) -> str:
    """Return the settings in full as YAML, defaults included.

    Parameters
    ----------
    name_or_path : str, optional
        A preset or a file; the defaults when not given.

    Raises
    ------
    ConfigError
        Not found, an unknown key, or a value out of range. Remedy: in the message.
    """
    return to_yaml(load_config(name_or_path))


def check(name_or_path: str) -> CheckedConfig:
    """Load a preset or file as a run would.

    Parameters
    ----------
    name_or_path : str
        A preset or a file.

    Raises
    ------
    ConfigError
        Not found, an unknown key, or a value out of range. Remedy: in the message.
    """
    config = load_config(name_or_path)
    return CheckedConfig(config, config_fingerprint(config))
