"""Certificates outside a run: for what repairs or removes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gitpar.git.comparing import workbench
from gitpar.git.notes import Notes
from gitpar.git.objects import ObjectWriter
from gitpar.git.refs import GitRefs
from gitpar.wiring.site import Site


@contextmanager
def notes_of(site: Site) -> Iterator[Notes]:
    """Opens the repository's certificates to change them, and ends what that takes."""
    refs = GitRefs(site.place)
    try:
        with workbench(site.place) as coordinator:
            store = ObjectWriter(coordinator.store, coordinator.git_dir)
            try:
                yield Notes(coordinator, store, refs)
            finally:
                store.close()
    finally:
        refs.close()
