// What was tried, a line for each.

const failed = [];

/** Ends a journey whose next steps would begin nowhere. */
class Astray extends Error {}

/** Tries something and says how it went; returns whether it went well. */
export async function attempt(name, action) {
  const start = performance.now();
  try {
    const said = await action();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`ok      ${name}${said ? `: ${said}` : ""} (${seconds} s)`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${name}: ${error.message.trim().replaceAll("\n", "\n        ")}`);
    failed.push(name);
    return false;
  }
}

/** One step of a journey: the journey ends where it fails. */
export async function step(name, action) {
  if (!(await attempt(name, action))) throw new Astray(name);
}

/** Makes a journey, to its end or to the step that fails. Returns whether it came to its end. */
export async function journey(steps) {
  try {
    await steps();
    return true;
  } catch (error) {
    if (error instanceof Astray) return false;
    throw error;
  }
}

/** The names of what failed. */
export function failures() {
  return failed;
}
