from __future__ import annotations

import pytest

from dermadelta.commands.run import check_request
from dermadelta.errors import UsageError


@pytest.mark.parametrize("name", ["photos.csv", "manifest.csv"])
def test_results_never_lie_beside_the_manifest(tmp_path, name):
    manifest = tmp_path / name
    manifest.write_text("subject_id\n", encoding="utf-8")
    with pytest.raises(UsageError, match="overwrite tables"):
        check_request(manifest, tmp_path, workers=1, limit=None)
    check_request(manifest, tmp_path / "results", workers=1, limit=None)
