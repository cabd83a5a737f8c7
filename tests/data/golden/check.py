"""Checks report.json against scipy, statsmodels and tea-tasting, from winback.csv alone.

pip install scipy==1.17.1 statsmodels==0.15.0 tea-tasting==1.14.0 pandas && python3 check.py

Every number of the metrics is compared within 1e-9. Miettinen and Nurminen's interval is solved here
(statsmodels' has a slip, see ../vectors/README.md).
"""

import json
import math
import pathlib

import numpy as np
import pandas as pd
import tea_tasting as tt
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

here = pathlib.Path(__file__).parent
report = json.loads((here / "report.json").read_text())
rows = pd.read_csv(here / "winback.csv").sort_values("at")
rows = rows[rows.kept.isin(["yes", "no"])].drop_duplicates(
    ["customer", "variant", "kept", "spend", "orders", "spend_before", "plan"]
)
crossed = rows.groupby("customer").variant.nunique()
crossed = set(crossed[crossed > 1].index)
first = rows.drop_duplicates("customer")
customers = first[~first.customer.isin(crossed)].assign(kept=lambda d: (d.kept == "yes").astype(int))

compared = 0
problems = []


def close(what, got, want, tolerance=1e-9):
    global compared
    compared += 1
    if got is None or abs(got - want) > max(1e-12, tolerance * abs(want)):
        problems.append(f"{what}: {got} is not {want}")


def score_interval(x1, n1, x0, n0, confidence):
    quantile = stats.norm.ppf((1 + confidence) / 2)

    def z(d):
        def log_likelihood_slope(p0):
            p1 = p0 + d
            return (
                (x1 / p1 if x1 else 0.0)
                - ((n1 - x1) / (1 - p1) if n1 - x1 else 0.0)
                + (x0 / p0 if x0 else 0.0)
                - ((n0 - x0) / (1 - p0) if n0 - x0 else 0.0)
            )

        low, high = max(0.0, -d) + 1e-15, min(1.0, 1 - d) - 1e-15
        if log_likelihood_slope(low) <= 0:
            p0 = low
        elif log_likelihood_slope(high) >= 0:
            p0 = high
        else:
            p0 = brentq(log_likelihood_slope, low, high, xtol=1e-15, rtol=1e-14)
        p1 = p0 + d
        variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * (n1 + n0) / (n1 + n0 - 1)
        return (x1 / n1 - x0 / n0 - d) / math.sqrt(variance)

    middle = x1 / n1 - x0 / n0
    options = {"xtol": 1e-14, "rtol": 1e-14}
    low = brentq(lambda d: z(d) - quantile, -1 + 1e-9, middle - 1e-9, **options)
    return low, brentq(lambda d: z(d) + quantile, middle + 1e-9, 1 - 1e-9, **options)


def compare_interval(what, got, low, high, tolerance=1e-9):
    close(f"{what} lower", got["lower"], low, tolerance)
    close(f"{what} upper", got["upper"], high, tolerance)


def proportion(what, data, got):
    x = data.groupby("variant").kept.sum()
    n = data.groupby("variant").kept.count()
    counts = x["discount"], n["discount"], x["control"], n["control"]
    for arm in got["arms"]:
        p = x[arm["variant"]] / n[arm["variant"]]
        close(f"{what} n", arm["n"], n[arm["variant"]])
        close(f"{what} estimate", arm["estimate"], p)
        close(f"{what} variance", arm["variance"], p * (1 - p))
    comparison = got["comparisons"][0]
    z, p_value = proportions_ztest([counts[0], counts[2]], [counts[1], counts[3]])
    close(f"{what} z", comparison["statistic"], z)
    close(f"{what} p", comparison["p_value"], p_value)
    p1, p0 = counts[0] / counts[1], counts[2] / counts[3]
    close(f"{what} effect", comparison["effect"]["estimate"], p1 - p0)
    close(
        f"{what} std_error",
        comparison["effect"]["std_error"],
        math.sqrt(p1 * (1 - p1) / counts[1] + p0 * (1 - p0) / counts[3]),
    )
    compare_interval(f"{what} effect", comparison["effect"], *score_interval(*counts, 0.95), 1e-8)
    relative = comparison["relative_effect"]
    low, high = confint_proportions_2indep(*counts, compare="ratio", method="log")
    close(f"{what} relative", relative["estimate"], p1 / p0 - 1)
    compare_interval(f"{what} relative", relative, low - 1, high - 1)
    katz = math.sqrt((1 - p1) / counts[0] + (1 - p0) / counts[2])
    close(f"{what} relative std_error", relative["std_error"], p1 / p0 * katz)
    if "decision" in comparison:
        level = comparison["decision"]["confidence_level"]
        compare_interval(f"{what} decision", comparison["decision"], *score_interval(*counts, level), 1e-8)
    return p_value


def compare_relative(what, got, want, values):
    """The interval on the log scale, or Fieller's set where an arm's mean is within 3 errors of 0."""
    close(f"{what} relative", got["estimate"], want.rel_effect_size)
    errors = [arm.var() / len(arm) for arm in values]
    means = want.control, want.treatment
    if all(mean >= 3 * math.sqrt(error) for mean, error in zip(means, errors)):
        assert got["set"] == "interval", what
        compare_interval(f"{what} relative", got, want.rel_effect_size_ci_lower, want.rel_effect_size_ci_upper)
        close(f"{what} relative std_error", got["std_error"], math.sqrt(
            errors[0] / means[0] ** 2 + errors[1] / means[1] ** 2) * means[1] / means[0])
        return
    q = stats.t.ppf(0.975, stats.ttest_ind(values[0], values[1], equal_var=False).df)
    # The ratios r with (m1 - r m0)^2 <= q^2 (e1 + r^2 e0).
    quadratic = [means[0] ** 2 - q**2 * errors[0], -2 * means[0] * means[1], means[1] ** 2 - q**2 * errors[1]]
    assert got["set"] == ("interval" if quadratic[0] > 0 else "outside"), what
    low, high = sorted(np.roots(quadratic) - 1)
    compare_interval(f"{what} fieller", got, low, high)


def of_means(what, data, got, metric, unadjusted, values):
    """A mean or a ratio by tea-tasting; `metric(level)` makes the deciding one. `values` has, for each
    reading, the customers' values by arm, the control first."""

    def result(make, level):
        return tt.Experiment(m=make(level)).analyze(data, control="control")["m"]

    plain, comparison = result(unadjusted, 0.95), got["comparisons"][0]
    close(f"{what} control", got["arms"][0]["estimate"], plain.control)
    close(f"{what} treatment", got["arms"][1]["estimate"], plain.treatment)
    readings = [(comparison, plain)]
    if "cuped" in comparison:
        readings.append((comparison["cuped"], result(metric, 0.95)))
    for (reading, want), arms in zip(readings, values):
        close(f"{what} effect", reading["effect"]["estimate"], want.effect_size)
        compare_interval(f"{what} effect", reading["effect"], want.effect_size_ci_lower, want.effect_size_ci_upper)
        close(f"{what} std_error", reading["effect"]["std_error"], want.effect_size / want.statistic)
        compare_relative(what, reading["relative_effect"], want, arms)
        close(f"{what} statistic", reading["statistic"], want.statistic)
        close(f"{what} p", reading["p_value"], want.pvalue)
    deciding = readings[-1][1]
    if "decision" in comparison:
        want = result(metric, comparison["decision"]["confidence_level"])
        compare_interval(
            f"{what} decision", comparison["decision"], want.effect_size_ci_lower, want.effect_size_ci_upper
        )
    return deciding.pvalue


def mean(what, data, got):
    for arm in got["arms"]:
        spend = data[data.variant == arm["variant"]].spend
        close(f"{what} n", arm["n"], len(spend))
        close(f"{what} mean", arm["mean"], spend.mean())
        close(f"{what} variance", arm["variance"], spend.var())
    comparison = got["comparisons"][0]
    arms = [data[data.variant == variant] for variant in ("discount", "control")]
    welch = stats.ttest_ind(arms[0].spend, arms[1].spend, equal_var=False)
    close(f"{what} df", comparison["degrees_of_freedom"], welch.df)
    theta = np.cov(data.spend, data.spend_before)[0, 1] / data.spend_before.var()
    close(f"{what} theta", comparison["cuped"]["theta"], theta)
    adjusted = stats.ttest_ind(*[arm.spend - theta * arm.spend_before for arm in arms], equal_var=False)
    close(f"{what} cuped df", comparison["cuped"]["degrees_of_freedom"], adjusted.df)
    values = [arm.spend for arm in arms[::-1]], [arm.spend - theta * arm.spend_before for arm in arms[::-1]]
    errors = [sum(arm.var() / len(arm) for arm in reading) for reading in values]
    close(f"{what} reduction", comparison["cuped"]["variance_reduction"], 1 - errors[1] / errors[0])
    return of_means(
        what, data, got,
        lambda level: tt.Mean("spend", "spend_before", confidence_level=level),
        lambda level: tt.Mean("spend", confidence_level=level),
        values,
    )


def ratio(what, data, got):
    values = []
    for arm in got["arms"]:
        own = data[data.variant == arm["variant"]]
        close(f"{what} numerator", arm["numerator"], own.spend.mean())
        close(f"{what} denominator", arm["denominator"], own.orders.mean())
        linear = (own.spend - own.spend.mean() / own.orders.mean() * own.orders) / own.orders.mean()
        close(f"{what} variance", arm["variance"], linear.var())
        values.append(linear)
    make = lambda level: tt.RatioOfMeans("spend", "orders", confidence_level=level)
    return of_means(what, data, got, make, make, [values])


def metrics(what, data, got):
    return [check(f"{what} {metric['metric']}", data, metric) for check, metric in zip((proportion, mean, ratio), got)]


def adjusted(what, got, p_values, method):
    for metric, want in zip(got, multipletests(p_values, method=method)[1]):
        close(f"{what} adjusted", metric["comparisons"][0]["adjusted_p_value"], want)


adjusted("holm", report["metrics"], metrics("all", customers, report["metrics"]), "holm")
slices = [
    metrics(part["value"], customers[customers.plan == part["value"]], part["metrics"]) for part in report["dimensions"]
]
for i in range(3):
    adjusted("by value", [part["metrics"][i] for part in report["dimensions"]], [p[i] for p in slices], "fdr_bh")

entered = first.variant.value_counts()
srm = stats.chisquare(entered)
close("srm p", report["health"]["srm"]["p_value"], srm.pvalue)
close("srm statistic", report["health"]["srm"]["statistic"], srm.statistic)
close("crossed", report["health"]["crossed_over"], len(crossed))
for arm in report["variants"]:
    close("customers", arm["customers"], entered[arm["variant"]])

print("\n".join(problems) or f"{compared} numbers agree")
raise SystemExit(bool(problems))
