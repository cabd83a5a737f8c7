// One look at a page as all kinds of readers see it: wide and narrow, light and dark, by keyboard, by screen reader.

import { join } from "node:path";

import { findBarriers } from "./accessibility.mjs";
import { walk } from "./keyboard.mjs";
import { attempt } from "./steps.mjs";

const HEIGHTS = new Map([
  [1440, 900],
  [360, 780],
]);
const SCHEMES = ["light", "dark"];

export class Inspection {
  /** Pictures go into `folder`. */
  constructor(folder) {
    this.folder = folder;
    /** What is no breach and could be better, with the pages where it is. */
    this.minor = new Map();
  }

  /** Looks at the page as it stands, under a name; says what is wrong with it, and the journey goes on. */
  look(name, { page, watch }) {
    return attempt(`${name}: fit for all readers`, async () => {
      const problems = [];
      for (const [width, height] of HEIGHTS) {
        await page.setViewportSize({ width, height });
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme });
          await page.evaluate(goToTop);
          const path = join(this.folder, `${name}-${width}-${colorScheme}.png`);
          // Playwright's ways to hide the caret and to stop movement are styles that the policy forbids.
          await page.screenshot({ path, fullPage: true, caret: "initial", animations: "allow" });
        }
        problems.push(...(await problemsOf(`${width} px, by keyboard`, async () => void (await walk(page)))));
      }
      const opened = await open(page);
      for (const [width, height] of HEIGHTS) {
        await page.setViewportSize({ width, height });
        problems.push(...(await problemsOf(`${width} px`, () => fits(page))));
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme });
          const { forbidden, minor } = await findBarriers(page);
          problems.push(...forbidden.map((barrier) => `${width} px ${colorScheme}: ${barrier}`));
          for (const barrier of minor) this.minor.set(barrier, (this.minor.get(barrier) ?? new Set()).add(name));
        }
      }
      await close(opened);
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.emulateMedia({ colorScheme: "light" });
      problems.push(...(await problemsOf("while it was looked at", async () => watch.check())));
      if (problems.length > 0) throw new Error(problems.join("\n"));
    });
  }
}

/** As one comes to a page: at its top, and nowhere in particular. */
function goToTop() {
  document.activeElement.blur();
  scrollTo(0, 0);
}

async function problemsOf(where, check) {
  try {
    await check();
    return [];
  } catch (error) {
    return [`${where}: ${error.message}`];
  }
}

/** Opens everything that is folded away; returns what it opened. */
async function open(page) {
  return page.evaluateHandle(() => {
    const closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
    return closed;
  });
}

async function close(opened) {
  await opened.evaluate((all) => all.forEach((details) => (details.open = false)));
}

/** Fails if the page itself is wider than the window. What is wider scrolls by itself. */
async function fits(page) {
  const { wide, names } = await page.evaluate(() => {
    const root = document.scrollingElement;
    const scrolls = (element) => element.closest(".scroll, svg") !== null;
    const beyond = [...document.body.querySelectorAll("*")].filter(
      (element) => !scrolls(element) && element.getBoundingClientRect().right > root.clientWidth + 1,
    );
    const names = beyond.slice(0, 5).map((element) => `${element.localName}.${element.className}`);
    return { wide: root.scrollWidth - root.clientWidth, names };
  });
  if (wide > 0) throw new Error(`the page is ${wide} px wider than the window, by ${names.join(", ")}`);
}
