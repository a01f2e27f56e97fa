"""Linear equations against independent solutions."""

import numpy as np
import pytest
from scipy.linalg import expm

from abm.core.linear import exponential


@pytest.mark.parametrize("scale", [1e-9, 0.3, 1.0, 40.0, 1e4])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_exponential_of_a_small_matrix_is_that_of_scipy(n, scale):
    uneven = np.linspace(1.0, 3.0, n)
    matrix = -scale * (np.diag(uneven) + uneven[::-1, None])
    assert exponential(matrix) == pytest.approx(expm(matrix), rel=1e-9, abs=1e-12)
