"""The names by which pipelines that earlier versions exported look up their tags, now in `classifier.domain.taxonomy`."""

from classifier.domain.taxonomy import Alias, Kind, Tag  # noqa: F401
