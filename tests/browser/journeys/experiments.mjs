// The list of experiments, and its filter.

import { equal } from "../expect.mjs";
import { step } from "../steps.mjs";

/** Looks at the list. Ends there, unfiltered. */
export async function lookAtExperiments(reader, server, inspection) {
  const { page, watch } = reader;
  const shown = () => page.getByRole("rowheader").filter({ visible: true }).getByRole("link").allTextContents();

  await step("experiments: the list has all of them", async () => {
    await page.goto("/");
    const { experiments } = await server.json("/v1/experiments");
    equal((await shown()).sort().join(), experiments.map(({ key }) => key).sort().join(), "the names");
    watch.check();
    return `${experiments.length} experiments`;
  });
  await inspection.look("experiments", reader);
  await step("experiments: the filter leaves those that fit", async () => {
    const search = page.getByRole("searchbox");
    await search.fill("earns back");
    equal((await shown()).join(), "winback_gift", "by a part of the hypothesis");
    await search.fill("");
    await page.getByRole("combobox").selectOption("draft");
    equal((await shown()).join(), "subject_line", "by status");
    await search.fill("cookie");
    equal((await shown()).join(), "", "by both");
    await page.getByText("No experiment fits the filter.").waitFor();
    watch.check();
  });
  await inspection.look("experiments-none", reader);
}
