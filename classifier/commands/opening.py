"""The store and the model versions that the options of a command name. Both are imported when a command runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classifier.serving.registry import Registry
    from classifier.store.store import Store


def registry_of(options: argparse.Namespace) -> Registry:
    """Return the registry of the folder that `--models` names."""
    from classifier.serving.registry import Registry

    return Registry(options.models)


def store_of(options: argparse.Namespace, migrate: bool = True) -> Store:
    """Open the store of the database that `--database` names, and upgrade it unless `migrate` is False."""
    from classifier.store.database.opening import open_store

    return open_store(options.database, migrate=migrate)
