"""Hours in what a reader calls days, weeks, months and years, and when two moments are one."""

H_PER_D = 24.0
H_PER_WEEK = 7 * H_PER_D
H_PER_MONTH = 730.5  # a twelfth of 365.25 days
H_PER_YEAR = 12 * H_PER_MONTH
SAME_MOMENT_H = 1e-8  # design: far above what sums of steps are off by, far below any step
