"""A file system of its own whose power can be cut: what the disk had not been given by then is gone.

Needs the rights to mount, and Linux. The disk is a file; a copy of that is what stands on the
disk at this moment, and mounting the copy reads the file system's journal as after a crash.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SIZE_BYTES = 200_000_000
_RARELY = "commit=300"
"""The system itself writes nothing down while a test lasts, as far as it can be told so."""


@dataclass(slots=True)
class Disk:
    """A mounted file system; `folder` stays the same when its power is cut."""

    folder: Path
    _images: Path
    _number: int = 0

    @property
    def _image(self) -> Path:
        return self._images / str(self._number)

    def settle(self) -> None:
        """Gives the disk everything that was written so far."""
        _run("sync", "--file-system", str(self.folder))

    def cut(self) -> None:
        """Goes back to what the disk has been given."""
        before = self._image
        self._number += 1
        _run("cp", "--sparse=always", str(before), str(self._image))
        self.unmount()
        before.unlink()
        self.mount()

    def make(self) -> None:
        """Makes the file system."""
        with self._image.open("wb") as file:
            file.truncate(_SIZE_BYTES)
        _run("mkfs.ext4", "-q", str(self._image))
        self.mount()

    def mount(self) -> None:
        """Makes it seen."""
        _run("mount", "-o", f"loop,{_RARELY}", str(self._image), str(self.folder))

    def unmount(self) -> None:
        """Takes it away, also from processes that are still in it."""
        _run("umount", "--lazy", str(self.folder))


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """Makes a disk that is seen in a folder. Raises OSError where that cannot be."""
    if not all(map(shutil.which, ("mkfs.ext4", "mount", "umount"))):
        raise OSError("there is no mkfs.ext4 or no mount")
    images, seen = folder / "images", folder / "disk"
    images.mkdir(parents=True)
    seen.mkdir()
    made = Disk(seen, images)
    made.make()
    try:
        yield made
    finally:
        made.unmount()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
