// A page that follows the facts while somebody reads it.

import { equal } from "../expect.mjs";
import { YOUNG, letIn } from "../scene.mjs";
import { step } from "../steps.mjs";

/** Longest time from an acknowledged fact to the open page. */
const MOST_MILLISECONDS = 15_000;

/** Lets customers in while the page is open: their number changes, and the reader's place does not. */
export async function followFacts(reader, server, inspection) {
  const { page, watch } = reader;
  const customers = page.locator("dt", { hasText: /^Customers$/ }).first();
  const shown = (number) => customers.locator("xpath=following-sibling::dd", { hasText: `${number}` });

  await step("live: customers who come are on the open page", async () => {
    await page.goto(`/experiments/${YOUNG}`);
    await shown(60).waitFor();
    const arms = page.locator("details").filter({ hasText: "Customers by arm" }).first();
    const summary = arms.locator("summary");
    await summary.focus();
    await summary.press("Enter");
    await page.evaluate(() => (window.isTheSameDocument = true));
    await page.evaluate(() => scrollTo(0, 120));
    const start = performance.now();
    await letIn(server, 60, 95);
    await shown(95).waitFor({ timeout: MOST_MILLISECONDS });
    const took = (performance.now() - start) / 1000;
    const { variants } = await server.json(`/v1/experiments/${YOUNG}/results`);
    for (const { variant, customers } of variants) {
      await arms.getByRole("row").filter({ hasText: variant }).filter({ hasText: `${customers}` }).waitFor();
    }
    equal(await page.evaluate(() => window.isTheSameDocument), true, "whether the page was not loaded again");
    equal(await arms.evaluate((details) => details.open), true, "whether what was opened is open");
    const at = await page.evaluate(() => document.activeElement.textContent.trim());
    equal(at, "Customers by arm", "where the focus is");
    equal(await page.evaluate(() => scrollY), 120, "how far it is scrolled");
    watch.check();
    return `after ${took.toFixed(1)} s`;
  });
  await inspection.look("results-young", reader);
}
