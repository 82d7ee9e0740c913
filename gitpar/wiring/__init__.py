"""Settings become objects here: the only place that knows every adapter.

The command line calls these functions and nothing deeper.
"""

from gitpar.wiring.cleaning import clean
from gitpar.wiring.diagnosis import diagnose
from gitpar.wiring.reading import owner, read, runs
from gitpar.wiring.request import CleanReport, Finding, RunRequest
from gitpar.wiring.running import preview, resume, start

__all__ = [
    "CleanReport",
    "Finding",
    "RunRequest",
    "clean",
    "diagnose",
    "owner",
    "preview",
    "read",
    "resume",
    "runs",
    "start",
]
