"""Loops over a floor: cells are put into square bins, which say who is near.

Each target that can be touched stands in the lists of all bins within its reach, so one look at a cell's own bin says
whether anything is near it, and for most cells nothing is.
"""

import math

import numpy as np

from abm.core.jit import device, kernel, prange, serial
from abm.core.population import whose
from abm.core.rng import BLOCK, pair_uniform


@serial
def lay_out(n_side, first_bin, n_cells, spacings, least_um, most, side_um):
    """Write the bins a side of each subject, so many spacings of its cells wide, and its first one; return how many."""
    n_bins = 0
    for s in range(n_side.size):
        bin_um = max(spacings * side_um / math.sqrt(max(n_cells[s], 1)), least_um[s])
        n_side[s], first_bin[s] = int(min(max(side_um / bin_um, 1.0), most)), n_bins
        n_bins += n_side[s] * n_side[s]
    return n_bins


@serial
def bin_rows(starts, order, bins):
    """Sort rows by bin, stably, into ``order``; ``starts`` (bins + 1) says where each bin begins."""
    starts[:] = 0
    for i in range(bins.size):
        starts[bins[i] + 1] += 1
    for b in range(1, starts.size):
        starts[b] += starts[b - 1]
    place = starts[:-1].copy()
    for i in range(bins.size):
        order[place[bins[i]]] = i
        place[bins[i]] += 1


@kernel
def count_descents(bins):
    """Count the rows whose bin comes before that of the row above them: 0 says sorted."""
    n = 0
    for i in prange(1, bins.size):
        n += bins[i] < bins[i - 1]
    return n


@kernel
def find_bins(bins, x_um, y_um, blocks, n_side, first_bin, side_um):
    """Write the row-major bin number of every position; the bins of each subject come after those before it."""
    for k in prange(blocks.shape[0]):
        s = blocks[k, 0]
        n, per_um = n_side[s], n_side[s] / side_um
        for i in range(blocks[k, 1], blocks[k, 2]):
            column, row = min(int(x_um[i] * per_um), n - 1), min(int(y_um[i] * per_um), n - 1)
            bins[i] = first_bin[s] + row * n + column


@device
def ends(place_um, reach_um, per_um, n_side, is_ring):
    """Return the first and the last bin within reach along one axis; bins are so wide that there is none between."""
    first, last = math.floor((place_um - reach_um) * per_um), math.floor((place_um + reach_um) * per_um)
    if is_ring:
        return (first + n_side if first < 0 else first), (last - n_side if last >= n_side else last)
    return max(first, 0), min(last, n_side - 1)


@serial
def list_targets(heads, entries, x_um, y_um, weight, first, n_side, first_bin, floor, reach_um):
    """Enter each target that has a weight into the lists of all bins within its reach; return the number of entries.

    ``heads`` (bins) is the last entry of every bin, -1 for none; ``entries`` is (target, next entry of that bin).
    """
    n, (side_um, is_periodic) = 0, floor
    heads[:] = -1
    for s in range(n_side.size):
        per_um, is_ring = n_side[s] / side_um, is_periodic and n_side[s] > 1
        for j in range(first[s], first[s + 1]):
            if weight[j] <= 0.0:
                continue
            left, right = ends(x_um[j], reach_um[s], per_um, n_side[s], is_ring)
            low, high = ends(y_um[j], reach_um[s], per_um, n_side[s], is_ring)
            for above in range(2 if high != low else 1):
                for beside in range(2 if right != left else 1):
                    b = first_bin[s] + (high if above else low) * n_side[s] + (right if beside else left)
                    entries[n, 0], entries[n, 1], heads[b] = j, heads[b], n
                    n += 1
    return n


@device
def list_near(rows, is_free, x_um, y_um, heads, n_side, first_bin, side_um):
    """List the free cells of a block in whose bin some target is within reach; return how many, and all bins.

    An index without a sign is not asked whether it counts from the end.
    """
    n_side, per_um, bins, n = np.int32(n_side), n_side / side_um, np.empty(x_um.size, np.uint32), np.uint64(0)
    last, first_bin = n_side - np.int32(1), np.int32(first_bin)
    for i in range(bins.size):  # 32 bits, and a loop of nothing else, run in vector registers
        column, row = np.int32(x_um[i] * per_um), np.int32(y_um[i] * per_um)
        bins[i] = np.uint32(first_bin + min(row, last) * n_side + min(column, last))
    for i in range(bins.size):
        rows[n] = i
        n += np.uint64(is_free[i] & (heads[bins[i]] >= 0))
    return np.int64(n), bins


@device
def gap(a_um, b_um, period_um):
    """Return the distance along one axis, on a ring where there is a period."""
    apart = abs(a_um - b_um)
    return min(apart, period_um - apart) if period_um > 0.0 else apart


@kernel
def touch_on_floor(rows, total, n_found, seekers, targets, floor, radius_um):
    """Find the free cells that touch a target, and sum the weights that each of them touches.

    A block of cells writes what it finds from its own first row on. ``seekers`` is ``(is free, x, y, blocks)``,
    ``targets`` ``(heads, entries, x, y, weight)``; ``floor`` is bins a side and the first bin of each subject, the
    side, and whether it is a ring. Most cells are near no target.
    """
    is_free, x_um, y_um, blocks = seekers
    heads, entries, tx, ty, weight = targets
    n_side, first_bin, side_um, is_periodic = floor
    period_um = side_um if is_periodic else 0.0
    for block in prange(n_found.size):
        s, start, place = blocks[block, 0], blocks[block, 1], blocks[block, 1]
        own, near, r2 = slice(start, blocks[block, 2]), np.empty(BLOCK, np.int32), radius_um[s] * radius_um[s]
        n, bins = list_near(near, is_free[own], x_um[own], y_um[own], heads, n_side[s], first_bin[s], side_um)
        for k in range(n):
            i, entry, touched = start + near[k], heads[bins[near[k]]], 0.0
            while entry >= 0:
                j, entry = entries[entry, 0], entries[entry, 1]
                dx, dy = gap(tx[j], x_um[i], period_um), gap(ty[j], y_um[i], period_um)
                touched += weight[j] if dx * dx + dy * dy <= r2 else 0.0
            if touched > 0.0:
                rows[place], total[place] = i, touched
                place += 1
        n_found[block] = place - start


@kernel
def choose_on_floor(chosen, rows, seekers, first, targets, floor, radius_um, key):
    """Draw one of the targets that each of some cells touches.

    Each touched target waits an exponential time of its weight and the first is chosen, whatever the order of rows.
    ``seekers`` is ``(x, y, uid)``, ``targets`` ``(heads, entries, x, y, uid, weight)``, ``floor`` as above.
    """
    x_um, y_um, uid = seekers
    heads, entries, tx, ty, target_uid, weight = targets
    n_side, first_bin, side_um, is_periodic = floor
    period_um = side_um if is_periodic else 0.0
    for k in prange(chosen.size):
        i, s, soonest = rows[k], whose(first, rows[k]), math.inf
        n, per_um = n_side[s], n_side[s] / side_um
        column, row = min(int(x_um[i] * per_um), n - 1), min(int(y_um[i] * per_um), n - 1)
        entry = heads[first_bin[s] + row * n + column]
        while entry >= 0:
            j, entry = entries[entry, 0], entries[entry, 1]
            dx, dy = gap(tx[j], x_um[i], period_um), gap(ty[j], y_um[i], period_um)
            if dx * dx + dy * dy <= radius_um[s] * radius_um[s]:
                wait = -math.log(pair_uniform((key[0][s], key[1]), uid[i], target_uid[j])) / weight[j]
                if wait < soonest:
                    soonest, chosen[k] = wait, j


@serial
def close_up(rows, total, n_found, blocks):
    """Move what the blocks have found to the front; return how many there are."""
    n = 0
    for block in range(n_found.size):
        for k in range(blocks[block, 1], blocks[block, 1] + n_found[block]):
            rows[n], total[n] = rows[k], total[k]
            n += 1
    return n
