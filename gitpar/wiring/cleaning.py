"""`gitpar clean`: removes what a run no longer needs, never what only it keeps."""

from __future__ import annotations

import shutil
from pathlib import Path

from gitpar.core.names import CommitId, RefName, short, task_ref
from gitpar.core.run import Run, TaskState
from gitpar.engine.places import run_folder
from gitpar.errors import EnvironmentFault
from gitpar.faults import Step, passage
from gitpar.git.refs import GitRefs
from gitpar.git.worktrees import leftovers, remove_run
from gitpar.journal.lease import is_alive, named
from gitpar.ports import RefUpdate
from gitpar.wiring.assemble import pool_settings
from gitpar.wiring.request import CleanReport
from gitpar.wiring.site import Site
