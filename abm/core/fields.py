"""One diffusing substance on a square voxel grid over the floor.

*Model*: ``dc/dt = D laplacian(c) - k c``, advanced by the exact solution of the discretised equation for any step:
each cosine (reflecting walls) or Fourier (periodic) mode decays as ``exp(-(D lambda + k) dt)``. The mode of the mean is
untouched by diffusion, so mass balances to rounding. A field that is the same everywhere is one number, for which there
is nothing to diffuse, until something makes it uneven.

*References*: Strang1999 (the discrete cosine transform diagonalises the second difference with reflecting ends).
"""

from typing import Any

import numpy as np

from abm.core.jit import kernel, prange
from abm.core.population import count_rows


@kernel
def gather(out, values, x_um, y_um, voxel_um):
    """Read the voxel value at every position."""
    side = values.shape[0]
    for i in prange(out.size):
        column = min(int(x_um[i] / voxel_um), side - 1)
        row = min(int(y_um[i] / voxel_um), side - 1)
        out[i] = values[row, column]


@kernel
def find_voxels(out, x_um, y_um, voxel_um, side):
    """Write the flat voxel number of every position."""
    for i in prange(out.size):
        out[i] = min(int(y_um[i] / voxel_um), side - 1) * side + min(int(x_um[i] / voxel_um), side - 1)


class Field:
    """Concentration ``values`` of shape (n, n), row = y, column = x; of shape (1, 1) as long as it is even.

    Of wells side by side it is even, of shape (n_subjects, 1, 1), and what is said of it an array of theirs.

    Parameters
    ----------
    n_voxels : int
        Voxels along one side; 1 is a mixed field.
    side_um : float
        Length of the side.
    periodic : bool
        Opposite sides are joined; otherwise no flux leaves.
    """

    def __init__(self, n_voxels: int, side_um: float, periodic: bool):
        self.values = np.zeros((1, 1))
        self.n_voxels, self.voxel_um = n_voxels, side_um / n_voxels
        self.periodic = periodic
        self._factor: tuple[tuple[float, float], np.ndarray] | None = None

    @property
    def is_even(self) -> bool:
        """Whether it is one number."""
        return self.values.shape[-1] == 1

    @property
    def mean(self) -> Any:
        """Mean over the floor."""
        return _mean(self.values)

    @property
    def map(self) -> np.ndarray:
        """The values on all voxels, shape (n, n), to be read."""
        return np.broadcast_to(self.values, (self.n_voxels, self.n_voxels))

    def divide(self) -> np.ndarray:
        """Give every voxel a value of its own, from now on; return them, to be written."""
        if self.values.shape[0] != self.n_voxels:
            self.values = self.map.copy()
        return self.values

    def take(self, share_frac: float | np.ndarray) -> Any:
        """Take away a share of what is there, one, or one for each voxel or well; return the mean of what is gone."""
        gone = self.values * (share_frac if self.values.ndim == 2 else np.reshape(share_frac, (-1, 1, 1)))
        self.values -= gone
        return _mean(gone)

    def _eigenvalues_per_um2(self) -> np.ndarray:
        n = self.n_voxels
        angle = 2.0 * np.pi * np.fft.fftfreq(n) if self.periodic else np.pi * np.arange(n) / n
        line = (2.0 - 2.0 * np.cos(angle)) / self.voxel_um**2
        return line[:, None] + line[None, :]

    def diffuse(self, diffusion_um2_per_h: float, dt_h: float) -> None:
        """Advance diffusion by one step of any length."""
        if self.is_even:
            return
        from scipy import fft  # slow to import, and not needed to check a file

        step = (diffusion_um2_per_h, dt_h)
        if self._factor is None or self._factor[0] != step:
            self._factor = (step, np.exp(-diffusion_um2_per_h * dt_h * self._eigenvalues_per_um2()))
        if self.periodic:
            self.values = fft.ifft2(fft.fft2(self.values) * self._factor[1]).real
        else:
            self.values = fft.idctn(fft.dctn(self.values, norm="ortho") * self._factor[1], norm="ortho")

    def voxel_of(self, x_um: np.ndarray, y_um: np.ndarray) -> np.ndarray:
        """Return the flat voxel number of every position."""
        out = np.empty(x_um.size, np.int64)
        find_voxels(out, x_um, y_um, self.voxel_um, self.n_voxels)
        return out

    def count(self, x_um: np.ndarray, y_um: np.ndarray) -> np.ndarray:
        """Return the cells for each of the values, shape of ``values``."""
        if self.is_even:
            return np.array([[float(x_um.size)]])
        n = np.zeros(self.values.size)
        count_rows(n, self.voxel_of(x_um, y_um))
        return n.reshape(self.values.shape)

    def at(self, x_um: np.ndarray, y_um: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
        """Return the local value at every position, shape (n,); of another map on the same grid, if one is given."""
        out, values = np.empty(x_um.size), self.values if values is None else values
        gather(out, values, x_um, y_um, self.n_voxels * self.voxel_um / values.shape[0])
        return out


def _mean(values: np.ndarray) -> Any:
    if values.ndim > 2:
        return values[:, 0, 0].copy()
    return values.item() if values.size == 1 else float(values.mean())
