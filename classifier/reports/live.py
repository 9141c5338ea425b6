"""What a model has followed since its training, in words."""

from collections.abc import Sequence

from classifier.reports.parts import counted


def followed_in_words(n_articles: int, number: int, moved: Sequence[tuple[str, float]]) -> str:
    """Return how many articles a model has followed since its training, and the tags that moved furthest."""
    text = f"Since its training, the model has followed the labels of {counted(n_articles, 'article')} (live state {number})"
    return f"{text}. Moved most: {', '.join(f'{tag} {move:+.2f}' for tag, move in moved)}" if moved else text
