// What must be so. A failure says what was looked at, what was there and what was expected.

/** Fails unless both are the same. */
export function equal(found, expected, what) {
  if (found === expected) return;
  throw new Error(`${what}: ${JSON.stringify(found)} where ${JSON.stringify(expected)} is expected`);
}

/** Fails unless a text has a pattern in it. */
export function matches(text, pattern, what) {
  if (pattern.test(text)) return;
  throw new Error(`${what}: ${pattern} is not in ${JSON.stringify(text.trim().slice(0, 600))}`);
}

/** Fails unless a text has each of others in it. */
export function holds(text, parts, what) {
  const missing = parts.filter((part) => !text.includes(part));
  if (missing.length > 0) throw new Error(`${what}: it lacks ${JSON.stringify(missing)}`);
}

/** Fails unless two files are the same to the byte. */
export function sameBytes(found, expected, what) {
  if (found.equals(expected)) return;
  const length = Math.min(found.length, expected.length);
  let at = 0;
  while (at < length && found[at] === expected[at]) at += 1;
  const shown = (bytes) => JSON.stringify(bytes.subarray(at, at + 60).toString());
  throw new Error(`${what}: differs from byte ${at} on: ${shown(found)} where ${shown(expected)} is expected`);
}
