"""What the data report finds over time: tags that began, ended, changed their share, or changed their articles."""

from classifier.domain.progress import Track
from classifier.domain.sentences import OVER_TIME
from classifier.reports.data.copies import Copies, repeated_texts
from classifier.reports.data.corpus import Corpus
from classifier.reports.data.meaning import changed_meanings
from classifier.reports.data.records import Found, NotChecked
from classifier.reports.data.texts import read_texts
from classifier.reports.data.timeline import Timeline
from classifier.reports.data.uses import changed_uses


def over_time(corpus: Corpus, copies: Copies, track: Track) -> dict[str, Found] | NotChecked:
    """Return what changed over time, or why that cannot be told from the dates."""
    timeline = Timeline(corpus)
    if reason := timeline.too_little:
        return NotChecked(OVER_TIME, reason)
    texts = read_texts(timeline, repeated_texts(corpus, copies), track)
    return {**changed_uses(timeline, texts), "changed_meaning": changed_meanings(timeline, texts)}
