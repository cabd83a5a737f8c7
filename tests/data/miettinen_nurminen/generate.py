"""Miettinen and Nurminen's 95 % interval for each pair of proportions in ../reference.

Why: the records' own values come from statsmodels 0.15.0, whose constrained estimate has a slip (see
../vectors/README.md). Here the estimate is found by bisection of the likelihood equation, not by the
closed form, and so is the interval: Miettinen & Nurminen (1985), Statistics in Medicine 4(2), 213-226,
eqs. 8-9, in 40 digits of mpmath.

python3 generate.py > intervals.json
"""

import json
import pathlib

from mpmath import erfinv, mp, mpf, sqrt

mp.dps = 40
Z = sqrt(2) * erfinv(mpf("0.95"))


def bisect(f, low, high):
    """The zero of a decreasing function."""
    for _ in range(140):
        middle = (low + high) / 2
        if f(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def z(x1, n1, x0, n0, d):
    """The score statistic of the difference d."""

    def slope(p0):
        p1 = p0 + d
        return x1 / p1 - (n1 - x1) / (1 - p1) + x0 / p0 - (n0 - x0) / (1 - p0)

    p0 = bisect(slope, max(mpf(0), -d), min(mpf(1), 1 - d))
    p1 = p0 + d
    variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * (n1 + n0) / (n1 + n0 - 1)
    return (mpf(x1) / n1 - mpf(x0) / n0 - d) / sqrt(variance)


def interval(x1, n1, x0, n0):
    return [
        float(bisect(lambda d: z(x1, n1, x0, n0, d) - quantile, mpf(-1) + mpf("1e-9"), mpf(1) - mpf("1e-9")))
        for quantile in (Z, -Z)
    ]


intervals = {}
for name in ("cookie_cats", "hillstrom", "udacity_ab"):
    path = pathlib.Path(__file__).parent.parent / "reference" / f"{name}.json"
    for record in json.loads(path.read_text())["results"]:
        if record["kind"] == "prop_diff_ci":
            treatment, control = record["inputs"]["treatment"], record["inputs"]["control"]
            counts = treatment["successes"], treatment["n"], control["successes"], control["n"]
            intervals[record["id"]] = interval(*counts)
print(json.dumps(intervals, indent=1))
