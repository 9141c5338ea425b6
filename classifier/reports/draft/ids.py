"""The ids and labels of the tags of a draft."""

import hashlib
import re
from collections.abc import Iterable, Mapping

from classifier.domain.taxonomy import Taxonomy, id_for
from classifier.importers.mapping import TermMap
from classifier.importers.records import CmsTerm
from classifier.reports.draft.archive import Archive
from classifier.reports.draft.names import Name

_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)+")
RESERVED = frozenset(("changes", "change-sets", "export", "import"))  # parts of addresses of the service
MAX_ID = 76  # letters of an id, with room for a number behind it


def known_tags(names: Iterable[Name], taxonomy: Taxonomy | None) -> dict[str, str]:
    """Return the ids of the names that are tags of a taxonomy already, as an import would map them."""
    if taxonomy is None:
        return {}
    terms = TermMap(taxonomy)
    matches = {name.text: terms.match(CmsTerm(name.text, "")) for name in names}
    return {text: match.tags[0] for text, match in matches.items() if len(match.tags) == 1}


def label_of(name: Name, archive: Archive) -> str:
    """Return a name as articles mostly write it, if it has no capitals itself; a slug without its hyphens."""
    if not name.text.islower():  # somebody chose its capitals
        return name.text
    is_slug = _SLUG.fullmatch(name.text) is not None
    for form, n in archive.of(name).forms.most_common():
        if n > 1 and (is_slug or form.casefold() == name.text.casefold()):
            return " ".join(form.split())
    return name.text.replace("-", " ").replace("_", " ") if is_slug else name.text


class Ids:
    """Gives each tag an id that no other has."""

    def __init__(self, tags: Mapping[str, str], taken: Iterable[str] = ()) -> None:
        """Take the ids of the names that are tags already, and others that no new tag may have."""
        self._tags = tags
        self._taken = {*tags.values(), *taken}

    def of(self, name: str, label: str) -> str:
        """Return the id of a name. One without Latin letters or digits has a digest of the name."""
        if name in self._tags:
            return self._tags[name]
        plain = id_for(label)[:MAX_ID].strip("-") or f"tag-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        n = 1 + (plain in RESERVED)
        while (free := plain if n == 1 else f"{plain}-{n}") in self._taken:
            n += 1
        self._taken.add(free)
        return free
