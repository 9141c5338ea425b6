"""The endpoints of archives that were brought: what each stored, and how its articles are taken out again."""

from typing_extensions import TypedDict

from classifier.serving.registry import Registry
from classifier.store.runs import Run
from classifier.store.store import Store
from classifier.web.api.openapi import NEEDS_STORE, Endpoint
from classifier.web.api.runs import RunOut, run_view
from classifier.web.api.schemas import NothingIn
from classifier.web.guard.auth import ADMINS
from classifier.web.incoming import incoming

N_LISTED = 50


class ArchiveRow(TypedDict):
    """An archive that was stored: by whom, when, and how many of its articles were new. `new` is null if it was stopped."""

    id: str
    by: str
    at: str
    outcome: str
    new: int | None


class ArchivesOut(TypedDict):
    """The newest archives, newest first."""

    archives: list[ArchiveRow]


class ArchiveOut(ArchiveRow):
    """An archive, and what happens if it is taken out: `n_articles` go. `removal` is the newest time that somebody did so.

    `n_decided` stay since editors have decided on them. `n_others` were sent by others since, or are deleted already.
    """

    n_articles: int
    n_decided: int
    n_others: int
    removal: RunOut | None


class Archives:
    """The endpoints of archives."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store, self.registry = store, registry

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        return [
            Endpoint("GET", "/v1/archives", self.list_archives, ADMINS, NEEDS_STORE),
            Endpoint("GET", "/v1/archives/<archive_id>", self.get_archive, ADMINS, NEEDS_STORE),
            Endpoint(
                "POST",
                "/v1/archives/<archive_id>/remove",
                self.remove_archive,
                ADMINS,
                (*NEEDS_STORE, "running", "changed"),
                status=202,
            ),
        ]

    def list_archives(self) -> ArchivesOut:
        """List the archives that were stored."""
        return {"archives": [_row(run) for run in self.store.brought.list(N_LISTED)]}

    def get_archive(self, archive_id: str) -> ArchiveOut:
        """Get an archive, how many of its articles go if it is taken out, and how far that is."""
        run = self.store.brought.get(archive_id)
        removal = self.store.brought.removal(run.id)
        counts = self.store.brought.count(run)
        return {
            **_row(run),
            "n_articles": counts.n_articles,
            "n_decided": counts.n_decided,
            "n_others": counts.n_others,
            "removal": run_view(removal) if removal is not None else None,
        }

    def remove_archive(self, archive_id: str, body: NothingIn) -> ArchiveOut:
        """Delete the articles that an archive stored, in a process of its own. Those that editors decided on stay."""
        from classifier.archive.bring.jobs import begin_removal  # what does the work is not loaded for serving

        run = self.store.brought.get(archive_id)
        begin_removal(self.store, self.registry, run, incoming().caller.editor(None))
        return self.get_archive(run.id)


def _row(run: Run) -> ArchiveRow:
    new = (run.result or {}).get("new")
    return {"id": run.id, "by": run.started_by, "at": run.started_at, "outcome": run.outcome, "new": new}
