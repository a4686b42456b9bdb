from dataclasses import fields

import numpy as np
import pytest

from dermadelta.domain import Alignment
from dermadelta.errors import InputError
from dermadelta.files.alignments import alignment_bytes, read_alignment


def made() -> Alignment:
    rng = np.random.default_rng(4)
    return Alignment(
        after_to_before=np.array([[1.01, 0.02, 3.0], [-0.02, 0.99, -4.0], [1e-6, 0.0, 1.0]]),
        displacement=rng.normal(size=(5, 7, 2)).astype(np.float32),
        grid_step_px=32.0,
        error_px=rng.uniform(size=(5, 7)).astype(np.float32),
        usable=rng.uniform(size=(5, 7)) > 0.5,
        rms_px=0.5,
        p95_px=1.25,
        usable_share=0.75,
        area_change=(0.96, 1.04),
        overlap=0.9,
        correlation=0.8,
        inliers=120,
        quarter_turns=3,
        method="features and flow",
    )


def test_an_alignment_comes_back_to_the_bit(tmp_path):
    path = tmp_path / "alignment.npz"
    path.write_bytes(alignment_bytes(made()))
    back = read_alignment(path)
    for field in fields(Alignment):
        kept, expected = getattr(back, field.name), getattr(made(), field.name)
        if isinstance(expected, np.ndarray):
            np.testing.assert_array_equal(kept, expected)
            assert kept.dtype == expected.dtype
        else:
            assert kept == expected
            assert type(kept) is type(expected)


def test_the_same_alignment_gives_the_same_bytes():
    assert alignment_bytes(made()) == alignment_bytes(made())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"before_x,before_y\n"])
def test_another_file_is_named_with_its_remedy(tmp_path, content):
    path = tmp_path / "alignment.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"alignment\.npz"):
        read_alignment(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="Measure the pair again"):
        read_alignment(tmp_path / "none.npz")
