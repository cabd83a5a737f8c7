// Whether a page can be used with the keyboard alone: Tab comes to everything, and one sees where one is.

const FOCUSABLE =
  "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex='-1'])";

/** Walks through a page by Tab; returns how many places there are. */
export async function walk(page) {
  const places = await page.evaluate((selector) => {
    const isThere = (element) => element.checkVisibility() && !element.disabled;
    window.placesOf = () => [...document.querySelectorAll(selector)].filter(isThere);
    document.activeElement.blur();
    return placesOf().map((element) => {
      const words = (element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 40);
      return `${element.localName} ${words || element.name || element.id}`;
    });
  }, FOCUSABLE);
  const reached = new Set();
  const seen = new Set();
  // A field for a day has a stop for the day, the month and the year.
  let left = places.length + 4 * (await page.locator("input[type=date]").count()) + 2;
  while (reached.size < places.length && left > 0) {
    left -= 1;
    await page.keyboard.press("Tab");
    const { index, isSeen } = await page.evaluate(() => {
      const at = document.activeElement;
      const box = at.getBoundingClientRect();
      const isInView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      const isMarked = outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
      return { index: placesOf().indexOf(at), isSeen: isInView && isMarked };
    });
    if (index < 0) continue;
    reached.add(index);
    // Of a field's stops the inner ones are marked within it.
    if (isSeen) seen.add(index);
  }
  const problems = places.flatMap((place, index) => {
    if (!reached.has(index)) return [`Tab does not reach ${place}`];
    return seen.has(index) ? [] : [`one does not see the focus on ${place}`];
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return places.length;
}
