"""The configuration file: where it is, and reading it. Writes none."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from overnight.state.amounts import size_words
from overnight.tui import console
from overnight.tui.config import AS_USUAL, Config

if TYPE_CHECKING:
    from overnight.agents.launchers.toml_reading import Mistake

VARIABLE = "OVERNIGHT_CONFIG"
LARGEST = 1024 * 1024


def config_path(environ: Mapping[str, str]) -> str:
    """$OVERNIGHT_CONFIG, else in the XDG folder: what platformdirs' user_config_path answers, without its import."""
    if named := environ.get(VARIABLE):
        return os.path.expanduser(named)
    folder = environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")
    return os.path.join(folder, "overnight", "config.toml")


def read_config(environ: Mapping[str, str]) -> Config | None:
    """What it says; as usual where there is none. None = it cannot be used, and why was said."""
    path = config_path(environ)
    config = _config_at(path, must_exist=bool(environ.get(VARIABLE)))
    if isinstance(config, Config):
        return config
    console.say_mistakes(path, config)
    return None


def _config_at(path: str, *, must_exist: bool) -> "Config | tuple[Mistake, ...]":
    """Most people have none: what reads one is loaded for those who have."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        return _mistaken(f"{error.strerror}: {VARIABLE} names it") if must_exist else AS_USUAL
    except OSError as error:
        return _mistaken(error.strerror or str(error))
    if len(data) > LARGEST:
        return _mistaken(f"larger than {size_words(LARGEST)}: no configuration")
    from overnight.tui.config_reading import config_of

    return config_of(data)


def _mistaken(what: str) -> "tuple[Mistake, ...]":
    from overnight.agents.launchers.toml_reading import Mistake

    return (Mistake(what),)
