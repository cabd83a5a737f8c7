"""Writes tails.json: distribution functions at 60 digits by mpmath 1.3, rounded once to the nearest double.

Run: python3 make.py > tails.json
Inputs are doubles; `log10_sf` is rounded from the 60-digit tail, so it holds where the tail underflows.
"""
import json
from mpmath import mp, mpf, erfc, sqrt, log10, log, gamma, quad, exp, betainc, gammainc, loggamma, ncdf, inf, linspace

mp.dps = 60


def normal_sf(z):
    return erfc(mpf(z) / sqrt(2)) / 2


def beta_sf(x, a, b):
    a, b, x = mpf(a), mpf(b), mpf(x)
    return betainc(b, a, 0, 1 - x, regularized=True)


def t_sf(t, df):
    t, df = mpf(t), mpf(df)
    tail = betainc(df / 2, mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return tail if t >= 0 else 1 - tail


def t_sf_by_quadrature(t, df):
    """For df so large that the hypergeometric series of betainc is slow: the density, integrated."""
    t, df = mpf(t), mpf(df)
    ln_c = loggamma((df + 1) / 2) - loggamma(df / 2) - log(df * mp.pi) / 2
    density = lambda x: exp(ln_c - (df + 1) / 2 * mp.log1p(x * x / df))
    step = 1 / (1 + t)
    return quad(density, [t + step * k for k in [0, 1, 2, 4, 8, 16, 32, 64, 128, 200]])


def chi_square_sf(x, df):
    return gammainc(mpf(df) / 2, mpf(x) / 2, inf, regularized=True)


def noncentral_t_sf(t, df, delta):
    t, df, delta = mpf(t), mpf(df), mpf(delta)
    ln_c = log(2) + df / 2 * log(df / 2) - loggamma(df / 2)
    f = lambda s: exp(ln_c + (df - 1) * log(s) - df * s * s / 2) * ncdf(delta - t * s)
    sd = 1 / sqrt(2 * df)
    low, high = max(mpf(0), 1 - 14 * sd), 1 + 16 * sd
    return quad(f, linspace(low, high, 41))


def record(distribution, x, parameters, tail):
    return {
        "distribution": distribution,
        "x": x,
        "parameters": parameters,
        "sf": float(tail),
        "log10_sf": float(log10(tail)),
    }


rows = []
for z in [-8.0, -3.0, -0.5, 0.0, 1e-3, 0.7, 1.96, 5.0, 12.0, 26.0, 35.9, 36.1, 37.0, 50.0, 300.0, 1e5]:
    rows.append(record("normal", z, [], normal_sf(z)))
for df in [1.0, 1.4705882352941178, 2.0, 3.0, 7.5, 30.0, 39.0, 41.0, 200.0, 5000.0]:
    for t in [-2.0, 0.0, 0.01, 0.9, 2.2, 6.0, 40.0, 1e4]:
        rows.append(record("student_t", t, [df], t_sf(t, df)))
for df in [1e6, 1999992028.9280286, 1e9]:
    for t in [0.01, 0.9, 2.2, 6.0, 25.0, 37.0]:
        rows.append(record("student_t", t, [df], t_sf_by_quadrature(t, df)))
for df in [1, 2, 3, 4, 9, 30, 99, 1000]:
    for x in [1e-4, 0.5, 1.0, 3.84, 10.0, 50.0, 400.0, 1380.0, 5000.0]:
        tail = chi_square_sf(x, df)
        rows.append(record("chi_square", x, [float(df)], tail))
for a, b in [(0.5, 0.5), (0.5, 20.5), (1.0, 1.0), (2.0, 3.0), (15.0, 134.0), (81.5, 182.5), (500.0, 501.0)]:
    for x in [1e-6, 0.02, 0.1, 0.3, 0.5, 0.9, 0.999]:
        rows.append(record("beta", x, [a, b], beta_sf(x, a, b)))
for df in [4.0, 10.0, 148.0, 9998.0]:
    for t in [0.5, 1.98, 4.0]:
        for delta in [0.0, 1.0, 2.8, 6.0]:
            rows.append(record("noncentral_t", t, [df, delta], noncentral_t_sf(t, df, delta)))
print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
