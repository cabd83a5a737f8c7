"""Golden vectors of the assignment, made without any of our own code.

Python's binding of the reference C library (xxhash on PyPI; the versions used are written into the file)
and exact fractions from the standard library, following docs/assignment.md. Run:

    pip install xxhash && python generate.py > assignment.json
"""

import json
import platform
import struct
from fractions import Fraction

import xxhash

RANGE = 2**64
PURPOSES = ["traffic", "variant", "layer", "holdout", "half"]
SALTS = ["winback_2026", "a", "ab", "Größe-1", "s" * 256]
CUSTOMERS = [
    "customer-1",
    "1",
    "0",
    " ",
    "b",
    "bc",
    "7f3c2a10-9d7e-4c55-8f1b-2f6f5a0e8c11",
    "anna@example.com",
    "ANNA@example.com",
    "Zoë",
    "Zoe\u0308",  # the same to the eye, other bytes, so another customer
    "顧客一二三",
    "🎁" * 5,
    "line\nbreak",
    "nul\u0000byte",
    "x" * 97,
    "x" * 98,
    "x" * 240,
    "é" * 128,  # 256 bytes, the most there may be
]
SHARES = ["0", "1", "0.5", "0.1", "0.3", "0.001", "0.999999", "0.3333333333333333", "0.00000000000000000006"]
WEIGHTS = [
    ["1", "1"],
    ["1", "1", "1"],
    ["0.1", "0.1", "0.1"],
    ["9", "1"],
    ["1", "0", "3"],
    ["0.7", "0.2", "0.1"],
    ["33.3", "33.3", "33.4"],
    ["1"] * 7,
    ["1000000000", "0.00000000000000000001"],
]


def hash64(salt, purpose, customer):
    parts = [part.encode("utf-8") for part in (salt, purpose, customer)]
    return xxhash.xxh3_64_intdigest(b"".join(struct.pack("<I", len(part)) + part for part in parts))


def threshold(share):
    return int(Fraction(share) * RANGE)  # not negative, so int() is the floor


def ranges(weights):
    weights = [Fraction(weight) for weight in weights]
    out, start, total = [], 0, Fraction(0)
    for variant, weight in enumerate(weights):
        total += weight
        end = int(total / sum(weights) * RANGE)
        if end > start:
            out.append((start, end - 1, variant))
        start = end
    return out


def variant_of(salt, customer, traffic, weights):
    if hash64(salt, "traffic", customer) >= threshold(traffic):
        return None
    h = hash64(salt, "variant", customer)
    return next(variant for first, last, variant in ranges(weights) if first <= h <= last)


def hex64(value):
    return f"{value:016x}"


document = {
    "about": "XXH3-64 over length-prefixed salt, purpose and customer id; see docs/assignment.md. "
    "Integers are hexadecimal texts, since many JSON readers round above 2^53.",
    "made_by": f"generate.py, Python {platform.python_version()}, "
    f"xxhash {xxhash.VERSION} (libxxhash {xxhash.XXHASH_VERSION})",
    "hashes": [
        {"salt": s, "purpose": p, "customer": c, "hash": hex64(hash64(s, p, c))}
        for s in SALTS
        for p in PURPOSES
        for c in CUSTOMERS
    ],
    "shares": [{"share": s, "threshold": hex64(threshold(s))} for s in SHARES],
    "allocations": [
        {"weights": w, "ranges": [[hex64(a), hex64(b), v] for a, b, v in ranges(w)]} for w in WEIGHTS
    ],
    "assignments": [
        {"salt": s, "customer": c, "traffic": t, "weights": w, "variant": variant_of(s, c, t, w)}
        for s in SALTS[:4]
        for t, w in zip(["1", "0.5", "0.1", "0.9", "0.999999", "1", "0.3", "1", "1"], WEIGHTS)
        for c in CUSTOMERS + [f"customer-{n}" for n in range(2, 12)]
    ],
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
