import cv2
import numpy as np

from dermadelta.phantom.retouch import smooth_skin


def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    grain = cv2.GaussianBlur(rng.standard_normal((600, 800)), (0, 0), 1.5)
    grey = 150 + 4 * grain / grain.std()
    grey[:, 400:] -= 80
    return np.clip(np.round(np.repeat(grey[..., None], 3, axis=2)), 0, 255).astype(np.uint8)


def test_fine_detail_goes_and_edges_stay():
    before = picture()
    after = smooth_skin(before, 1.0)
    flat = np.s_[50:550, 50:350, 1]
    assert after[flat].std() < 0.35 * before[flat].std()
    step = after[:, 430:460].mean() - after[:, 340:370].mean()
    assert abs(step + 80) < 3
    # The edge is as steep as it was.
    slope = np.abs(np.diff(after[..., 1].astype(float).mean(axis=0)))
    assert slope.max() > 60


def test_strength_is_the_share_that_goes():
    before = picture()
    flat = np.s_[50:550, 50:350, 1]
    spread = [smooth_skin(before, s)[flat].std() for s in (0.0, 0.5, 1.0)]
    np.testing.assert_array_equal(smooth_skin(before, 0.0), before)
    assert spread[0] > spread[1] > spread[2]
