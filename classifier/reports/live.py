"""What a model has followed since its training, in words."""

from collections.abc import Sequence

from classifier.texts import _, ngettext


def followed_in_words(n_articles: int, number: int, moved: Sequence[tuple[str, float]]) -> str:
    """Return how many articles a model has followed since its training, and the tags that moved furthest."""
    text = ngettext(
        "Since its training, the model has followed the labels of %(n)s article (live state %(state)s)",
        "Since its training, the model has followed the labels of %(n)s articles (live state %(state)s)",
        n_articles,
        n=n_articles,
        state=number,
    )
    most = _(", ").join(f"{tag} {move:+.2f}" for tag, move in moved)
    return _("%(text)s. Moved most: %(tags)s", text=text, tags=most) if moved else text
