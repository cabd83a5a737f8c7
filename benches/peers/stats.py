"""Times our statistics beside the Python libraries that do the job: one thread each, turn by turn, in one run.

Run by stats.sh. Prints a table of processor time, the least of some rounds, with the ratio and the one that is asked for:
processor time and the least of it, because other work on the machine only ever adds.
"""

import os

# Before anything is imported that starts threads.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"):
    os.environ[variable] = "1"

import subprocess
import sys
import tempfile
import time
import warnings

import lifelines
import lifelines.statistics
import numpy
import pandas
import polars
import scipy.stats
import tea_tasting

warnings.filterwarnings("ignore")

RESAMPLES = 10_000
SIZES = (44_700, 45_489)
METRICS = 10


def make_data(folder):
    """Shapes of real data sets, drawn: 90,189 customers, 7,043 with a churn date, 64,000 rows of ten metrics."""
    random = numpy.random.default_rng(20240517)
    arms = {
        "smooth": [random.lognormal(3.0, 1.2, size) for size in SIZES],
        "tied": [numpy.floor(random.lognormal(2.6, 1.4, size)) for size in SIZES],
    }
    sizes = (3_875, 3_168)
    lasting = [numpy.ceil(random.exponential(mean, size)) for mean, size in zip((40, 60), sizes)]
    seen = [random.integers(1, 73, size).astype(float) for size in sizes]
    arms["time"] = [numpy.minimum(a, b) for a, b in zip(lasting, seen)]
    arms["event"] = [(a <= b).astype(float) for a, b in zip(lasting, seen)]
    rows = {"variant": random.integers(0, 2, 64_000)}
    for metric in range(METRICS):
        rows[f"metric{metric}"] = random.gamma(2.0, 1.0 + metric, 64_000)
    for name, pair in arms.items():
        for arm, values in enumerate(pair):
            values.astype("<f8").tofile(f"{folder}/{name}{arm}")
    rows["variant"].astype("<f8").tofile(f"{folder}/rows_variant")
    for metric in range(METRICS):
        rows[f"metric{metric}"].astype("<f8").tofile(f"{folder}/rows{metric}")
    return arms, rows


def peers(arms, rows):
    """What each peer runs; every one answers with the number that ours answers with."""
    (control, variant), (tied0, tied1) = arms["smooth"], arms["tied"]
    time0, time1 = arms["time"]
    event0, event1 = arms["event"]
    frame = polars.DataFrame(rows)
    experiment = tea_tasting.Experiment({
        name: tea_tasting.Mean(name) for name in rows if name != "variant"
    })

    def difference(a, b, axis):
        return numpy.mean(a, axis=axis) - numpy.mean(b, axis=axis)

    def bootstrap():
        result = scipy.stats.bootstrap(
            (variant, control), difference, n_resamples=RESAMPLES, batch=20, vectorized=True,
            method="percentile", rng=numpy.random.default_rng(1),
        )
        return result.confidence_interval.low

    def permutation():
        result = scipy.stats.permutation_test(
            (variant, control), difference, n_resamples=RESAMPLES, batch=20, vectorized=True,
            rng=numpy.random.default_rng(1),
        )
        return result.pvalue

    def survival():
        for times, events in ((time0, event0), (time1, event1)):
            lifelines.KaplanMeierFitter().fit(times, events)
        return lifelines.statistics.logrank_test(time0, time1, event0, event1).test_statistic

    def metrics():
        result = experiment.analyze(frame)
        return sum(each.pvalue + each.rel_effect_size_ci_lower for each in result.values())

    return [
        # task, peer, its call, rounds, ratio asked for
        ("bootstrap", "scipy.stats.bootstrap", bootstrap, 3, 6),
        ("permutation", "scipy.stats.permutation_test", permutation, 3, 20),
        ("mann_whitney", "scipy.stats.mannwhitneyu", lambda: scipy.stats.mannwhitneyu(
            variant, control, method="asymptotic").pvalue, 31, 2),
        ("mann_whitney_tied", "scipy.stats.mannwhitneyu", lambda: scipy.stats.mannwhitneyu(
            tied1, tied0, method="asymptotic").pvalue, 31, 4),
        ("survival", "lifelines", survival, 31, 40),
        ("metrics", "tea-tasting on Polars", metrics, 31, 15),
    ]


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        arms, rows = make_data(folder)
        ours = subprocess.Popen([program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def ask(task):
            ours.stdin.write(task + "\n")
            ours.stdin.flush()
            nanoseconds, value = ours.stdout.readline().split()
            return int(nanoseconds) / 1e9, float(value)

        print("| task | peer | peer, ms | ours, ms | ratio | asked | answers |")
        print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
        for task, peer, call, rounds, asked in peers(arms, rows):
            times = []
            for _ in range(rounds):
                start = time.process_time()
                theirs = call()
                times.append((time.process_time() - start, ask(task)))
            peer_time = min(took for took, _ in times)
            our_time = min(took for _, (took, _) in times)
            answers = f"{theirs:.6g} and {times[-1][1][1]:.6g}"
            print(f"| {task} | {peer} | {peer_time * 1e3:.3f} | {our_time * 1e3:.3f} | "
                  f"{peer_time / our_time:.1f} | {asked} | {answers} |", flush=True)
        for task, limit in (("boundaries", "5 ms"), ("moments", "0.05 ms")):
            took = min(ask(task)[0] for _ in range(101))
            print(f"| {task} | none | | {took * 1e3:.4f} | | {limit} | |")
        ours.stdin.close()
        ours.wait()
    versions = [scipy, lifelines, tea_tasting, polars, numpy, pandas]
    print("\n" + ", ".join(f"{each.__name__} {each.__version__}" for each in versions))


main()
