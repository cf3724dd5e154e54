"""What the results of every demo must hold."""

import numpy as np
from matplotlib.image import imread


def check_figures(results, path="results"):
    """Fail unless every number is a figure with unit and source."""
    if isinstance(results, dict):
        if "value" in results:
            assert set(results) == {"value", "unit", "source"}, path
            assert results["unit"], path
            assert results["source"], path
            return
        for key, inner in results.items():
            check_figures(inner, f"{path}.{key}")
    elif isinstance(results, list):
        for at, inner in enumerate(results):
            check_figures(inner, f"{path}[{at}]")
    else:
        assert not isinstance(results, float), path


def check_picture(folder):
    """Fail unless the picture is large and shows something."""
    image = imread(folder / "results.png")
    height, width = image.shape[:2]
    assert width >= 1200
    assert height >= 600
    assert len(np.unique((255 * image[..., :3]).astype(np.int64) @ [1 << 16, 1 << 8, 1])) > 100
