"""What was learned is read as it was written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gitpar.core.forecast import Model
from gitpar.core.habits import Habits
from gitpar.errors import EnvironmentFault
from gitpar.journal.learned import Learned, learned_path, read_learned, write_learned

LEARNED = Learned(
    Model(
        Habits(
            changes=7,
            touched=Counter({"a\udcff.py": 3, "b": 2}),
            total=(1, 4),
            kinds={".py": (1, 2)},
            paths={"a\udcff.py": (1, 2)},
            together={"b": (("a\udcff.py", 2),)},
        ),
        (0.1, 0.2, 0.3, 0.4, 0.5),
        0.25,
        calibrated=True,
    ),
    "c0ffee",
    12.5,
    7,
)


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    path = learned_path(tmp_path)
    assert read_learned(path) is None
    write_learned(path, LEARNED)
    assert read_learned(path) == LEARNED
    assert [p.name for p in path.parent.iterdir()] == ["forecast.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}', '{"version": 9, "weights": {}}'])
def test_what_another_version_wrote_counts_as_nothing_and_damage_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "forecast.json"
    path.write_text(text, encoding="ascii")
    if text == "{":
        with pytest.raises(EnvironmentFault, match="cannot be read"):
            read_learned(path)
    else:
        assert read_learned(path) is None


def test_half_a_file_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "gitpar" / "forecast.json"
    write_learned(path, LEARNED)
    path.write_text(path.read_text().replace('"total":[1,4]', '"total":[1]'), encoding="ascii")
    with pytest.raises(EnvironmentFault, match="cannot be read: ValueError"):
        read_learned(path)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "gitpar").write_text("in the way")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_learned(learned_path(tmp_path), LEARNED)
