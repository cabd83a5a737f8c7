// Figures of the whole company.

import { holds, matches, sameBytes } from "../expect.mjs";
import { download } from "../download.mjs";
import { count, share } from "../figures.mjs";
import { step } from "../steps.mjs";

/** Reads the figures of a month, and takes them away. */
export async function readCompany(reader, server, inspection) {
  const { page, watch } = reader;

  await step("company: the last thirty days, to begin with", async () => {
    await page.goto("/");
    await page.getByRole("link", { name: "Company" }).click();
    await page.waitForURL("**/company");
    const period = await readPeriod(page);
    await checkFigures(page, await server.json(`/v1/kpis?${new URLSearchParams(period)}`));
    watch.check();
    return `${period.from} to ${period.to}`;
  });
  await inspection.look("company", reader);
  await step("company: another period, and its file is the API's", async () => {
    const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    const period = { from: day(60), to: day(10), within: "45d", event: "order" };
    for (const [name, value] of Object.entries(period)) await page.locator(`[name=${name}]`).fill(value);
    await page.locator("[name=event]").press("Enter");
    await page.waitForURL(`**from=${period.from}*`);
    const query = new URLSearchParams(period);
    await checkFigures(page, await server.json(`/v1/kpis?${query}`));
    const file = await download(page, page.getByRole("link", { name: /CSV/ }).first());
    sameBytes(file, await server.bytes(`/v1/kpis?${query}&format=csv`), "the CSV");
    watch.check();
  });
  await inspection.look("company-period", reader);
  await step("company: an event that nobody sent", async () => {
    await page.locator("[name=event]").fill("ordr");
    await watch.refused(400, async () => {
      await page.locator("[name=event]").press("Enter");
      await page.waitForURL("**event=ordr*");
    });
    matches(await page.getByRole("alert").innerText(), /ordr/, "the refusal");
    await page.getByRole("link", { name: "order", exact: true }).waitFor();
    watch.check();
  });
  await inspection.look("company-unknown-event", reader);
}

async function readPeriod(page) {
  const value = (name) => page.locator(`[name=${name}]`).inputValue();
  const period = { from: await value("from"), to: await value("to"), event: await value("event") };
  const within = await value("within");
  return within ? { ...period, within } : period;
}

async function checkFigures(page, { customers, figures, cohorts }) {
  const kept = figures.find(({ figure }) => figure === "retention_rate");
  const [first] = cohorts;
  const expected = [
    count(customers.start),
    count(customers.end),
    count(customers.lost),
    ...[kept.value, kept.lower, kept.upper].map((value) => share(value).replace(/\s%$/, "")),
    first.month,
    count(first.customers),
  ];
  holds(await page.getByRole("main").innerText(), expected, "the figures");
}
