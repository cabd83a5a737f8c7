// Addresses that lead nowhere are answered in words.

import { holds } from "../expect.mjs";
import { step } from "../steps.mjs";

/** Mistypes an experiment, and a parameter. */
export async function goAstray(reader, _server, inspection) {
  const { page, watch } = reader;

  await step("astray: an experiment that is not there", async () => {
    await watch.refused(404, () => page.goto("/experiments/winback_gfit"));
    holds(await page.getByRole("main").innerText(), ["winback_gift"], "the page");
    watch.check();
  });
  await inspection.look("not-found", reader);
  await step("astray: a way to show effects that there is not", async () => {
    await watch.refused(400, () => page.goto("/experiments/winback_gift?effects=relativ"));
    holds(await page.getByRole("main").innerText(), ["relative"], "the page");
    watch.check();
  });
}
