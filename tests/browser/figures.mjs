// Numbers of the API as people read them on the pages.

/** 24000 as 24,000. */
export const count = (number) => number.toLocaleString("en-US");

/** 0.43725 as 43.73 %, whose unit stays with it, and -0.5 with a minus as wide as a plus. */
export const share = (number) => `${(100 * number).toFixed(2).replace("-", "\u2212")}\u00a0%`;
