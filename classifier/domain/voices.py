"""Voices: who gave a label, on three levels.

The editor by name, whichever key sent it; all editors that a key names together, because a key may name anybody; and the
key, with those editors and with the tags that it sends with its articles. Imported labels belong to no voice.
"""

from classifier.domain.decisions import CMS

NAME, NAMES, KEY = "name", "names", "key"
LEVELS = (NAME, NAMES, KEY)


def voices_of(editor: str | None, owner: str | None) -> dict[str, str]:
    """Return the voice of a label on each level, without levels on which it has none.

    `editor`: who decided: a person's name, `key/name`, `cms` for a change by the CMS itself, None for nobody.
    `owner`: the name of the key that sent the article with its tags.
    """
    if editor is None or editor == CMS:
        return {} if owner is None else {KEY: owner}
    key, _, name = editor.rpartition("/")
    return {NAME: name, NAMES: key or name, KEY: key or name}
