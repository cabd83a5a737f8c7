// What an experiment is, and what was changed of it.

import { holds } from "../expect.mjs";
import { CHANGED, NEW_WORDS, OLD_WORDS } from "../scene.mjs";
import { step } from "../steps.mjs";

/** Reads the definition of the demo's offer, and of an experiment that was changed. */
export async function readDefinitions(reader, server, inspection) {
  const { page, watch } = reader;

  await step("definition: the results lead there", async () => {
    await page.goto("/experiments/winback_gift");
    await page.getByRole("link", { name: "Definition" }).click();
    await page.waitForURL("**/experiments/winback_gift/definition");
    const text = await page.getByRole("main").innerText();
    const { hypothesis } = await server.json("/v1/experiments/winback_gift");
    holds(text, ["key: winback_gift", hypothesis, "segment", "customers_per_arm: 11900"], "the page");
    watch.check();
  });
  await inspection.look("definition", reader);
  await step("definition: two versions side by side", async () => {
    await page.goto(`/experiments/${CHANGED}/definition`);
    const text = await page.getByRole("main").innerText();
    holds(text, [OLD_WORDS, NEW_WORDS], "the lines");
    const marks = await page.getByRole("main").evaluate((main) => {
      const lines = main.textContent.split("\n").map((line) => line.trim());
      return { gone: lines.some((line) => /^[−-]/.test(line)), added: lines.some((line) => line.startsWith("+")) };
    });
    if (!marks.gone || !marks.added) throw new Error("what is gone and what is new has no mark");
    await page.goto(`/experiments/${CHANGED}/definition?from=1&to=2`);
    holds(await page.getByRole("main").innerText(), [OLD_WORDS, NEW_WORDS], "the lines, of versions that are named");
    watch.check();
  });
  await inspection.look("definition-changed", reader);
}
