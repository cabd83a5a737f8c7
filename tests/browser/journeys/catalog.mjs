// What experiments share: segments and layers.

import { equal, holds } from "../expect.mjs";
import { CHANGED, YOUNG } from "../scene.mjs";
import { step } from "../steps.mjs";

/** Reads segments, groups and layers. */
export async function readCatalog(reader, server, inspection) {
  const { page, watch } = reader;

  await step("segments: each with its condition and who uses it", async () => {
    await page.goto("/");
    await page.getByRole("link", { name: "Segments" }).click();
    await page.waitForURL("**/segments");
    const { segments } = await server.json("/v1/catalog").then(({ document, ...rest }) => document ?? rest);
    const text = await page.getByRole("main").innerText();
    holds(text, [...Object.keys(segments), "days_since_order", CHANGED, "staff"], "the page");
    equal(text.includes("staff-1"), false, "whether it tells who is in a group");
    watch.check();
    return Object.keys(segments).join(", ");
  });
  await inspection.look("segments", reader);
  await step("layers: who has which part", async () => {
    await page.getByRole("link", { name: "Layers" }).click();
    await page.waitForURL("**/layers");
    const text = await page.getByRole("main").innerText();
    holds(text, ["winback", CHANGED, "50", YOUNG], "the page");
    watch.check();
  });
  await inspection.look("layers", reader);
}
