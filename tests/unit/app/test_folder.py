from pathlib import Path

import pytest

from callbridge.app import folder
from callbridge.errors import CallbridgeError


def test_a_folder_of_ours_will_do(tmp_path: Path) -> None:
    folder.require(tmp_path)


def test_a_missing_folder_is_not_made_but_how_to_make_it_is_said(tmp_path: Path) -> None:
    """Its disk may not be mounted."""
    missing = tmp_path / "data"
    with pytest.raises(CallbridgeError, match=rf"no data folder {missing}. Make it: install -d .* {missing} .*mount"):
        folder.require(missing)

    assert not missing.exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()
    with pytest.raises(CallbridgeError, match=r"is no folder\. Name one with data_dir"):
        folder.require(file)
