"""Golden vectors of the other systems' hashes, made without any of our own code.

Digests come from Python's hashlib and the PyPI package mmh3; the formulas around them follow each system's
publications (see experiment-core/src/assignment/compat). Values that the systems' own test suites publish are
asserted below. Run:

    pip install mmh3 && python compat.py > compat.json
"""

import hashlib
import json
import platform
import struct
from importlib.metadata import version

import mmh3

IDS = [
    "user-1", "1", "a", "ab", "42", "7f3c2a10-9d7e-4c55-8f1b-2f6f5a0e8c11", "anna@example.com",
    "клиент42", "Zoë", "Zoe\u0308", "顧客一二三", "🎁", "x🎁y", "a.b", "a:b", "a-b", "x" * 256, "é" * 128,
]
SALTS = ["", "seed", "demo", "my-experiment", "Größe.1"]
WEIGHTS = [[1, 1], [90, 10], [0, 50, 50], [333, 333, 334], [100]]


def fnv1a(units):
    value = 0x811C9DC5
    for unit in units:
        value = ((value ^ unit) * 0x01000193) % 2**32
    return value


def units(text, kind):
    if kind == "utf8":
        return text.encode("utf-8")
    encoded = text.encode("utf-16-le")
    return struct.unpack(f"<{len(encoded) // 2}H", encoded)


def growthbook(kind, version_, seed, value):
    if version_ == 1:
        return fnv1a(units(value + seed, kind)) % 1000 / 1000
    return fnv1a(str(fnv1a(units(seed + value, kind))).encode()) % 10000 / 10000


def murmur(text, seed):
    return mmh3.hash(text.encode("utf-8"), seed, signed=False)


def unleash_rollout(group, value):
    return murmur(f"{group}:{value}", 0) % 100 + 1


def unleash_number(group, value, total):
    return murmur(f"{group}:{value}", 86028157) % total + 1


def first_reaching(number, weights):
    total = 0
    for index, weight in enumerate(weights):
        total += weight
        if weight > 0 and total >= number:
            return index


def planout_hash(salt, name, unit):
    return int(hashlib.sha1(f"{salt}.{name}.{unit}".encode("utf-8")).hexdigest()[:15], 16)


def planout_weighted(value, weights):
    cumulative, total = [], 0.0
    for weight in weights:
        total += weight
        cumulative.append(total)
    stop = cumulative[-1] * (value / float(0xFFFFFFFFFFFFFFF))
    return next(index for index, end in enumerate(cumulative) if stop <= end)


def eppo(salt, value, total):
    return struct.unpack(">I", hashlib.md5(f"{salt}-{value}".encode("utf-8")).digest()[:4])[0] % total


def statsig(text):
    return struct.unpack(">Q", hashlib.sha256(text.encode("utf-8")).digest()[:8])[0]


def optimizely(value, parent):
    return int(murmur(value + parent, 1) / 2**32 * 10000)


# Published by the systems themselves.
assert [growthbook("utf16", 1, s, "a") for s in ["", "b"]] == [0.22, 0.946]
assert [growthbook("utf16", 2, s, v) for s, v in [("seed", "a"), ("foo", "ab")]] == [0.0505, 0.2575]
assert planout_hash("test_salt", "foo", "4") == 1000889843983841927
assert statsig("") == 0xE3B0C44298FC1C14
assert optimizely("ppid1", "1886780721") == 5254

SALTED = [(salt, value) for salt in SALTS for value in IDS]
document = {
    "about": "Where ids fall in other systems. Integers above 2^53 are texts, since many JSON readers round them.",
    "made_by": f"compat.py, Python {platform.python_version()}, mmh3 {version('mmh3')}",
    "growthbook": [
        {"units": kind, "version": v, "seed": s, "id": i, "hash": growthbook(kind, v, s, i)}
        for kind in ["utf16", "utf8"] for v in [1, 2] for s, i in SALTED
    ],
    "growthbook_namespace": [
        {"units": kind, "name": s, "id": i, "hash": growthbook(kind, 1, "__" + s, i)}
        for kind in ["utf16", "utf8"] for s, i in SALTED
    ],
    "unleash": [
        {"group": s, "id": i, "rollout": unleash_rollout(s, i), "number": unleash_number(s, i, 1000),
         "variants": [first_reaching(unleash_number(s, i, sum(w)), w) for w in WEIGHTS]}
        for s, i in SALTED + [("test_group", "user-2")]
    ],
    "planout": [
        {"salt": s, "name": n, "unit": i, "hash": str(planout_hash(s, n, i)),
         "uniform": [planout_hash(s, n, i) % count for count in [2, 3, 7]],
         "weighted": [planout_weighted(planout_hash(s, n, i), w) for w in WEIGHTS]}
        for n in ["foo", "größe"] for s, i in SALTED + [("test_salt", "4")]
    ],
    "eppo": [
        {"salt": s, "id": i, "total": total, "shard": eppo(s, i, total)}
        for total in [10000, 7] for s, i in SALTED
    ],
    "statsig": [
        {"spec": s, "rule": r, "id": i, "hash": str(statsig(f"{s}.{r}.{i}")),
         "pass": statsig(f"{s}.{r}.{i}") % 10000, "group": statsig(f"{s}.{i}") % 1000}
        for r in ["rule", "правило"] for s, i in SALTED
    ],
    "optimizely": [
        {"id": i, "parent": s, "bucket": optimizely(i, s)}
        for s, i in SALTED + [(p, f"ppid{n}") for p in ["1886780721"] for n in range(1, 4)]
    ],
    "weights": WEIGHTS,
}

# One vector a line keeps the file readable and its changes visible.
lines = ["{"]
for name, value in document.items():
    if isinstance(value, list):
        rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in value)
        lines.append(f"{json.dumps(name)}: [\n{rows}\n],")
    else:
        lines.append(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)},")
lines[-1] = lines[-1].rstrip(",")
lines.append("}")
print("\n".join(lines))
