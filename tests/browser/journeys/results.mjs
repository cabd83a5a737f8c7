// One experiment's results: what the page says is what the API says.

import { equal, holds, matches, sameBytes } from "../expect.mjs";
import { download } from "../download.mjs";
import { count, share } from "../figures.mjs";
import { step } from "../steps.mjs";

const KEY = "winback_gift";
/** Words of a verdict on the page. */
const VERDICTS = { ship: "Ship", keep_control: "Keep the control", continue: "Continue", inconclusive: "Inconclusive" };

/** Reads the results of the demo's offer in every way there is. */
export async function readResults(reader, server, inspection) {
  const { page, watch } = reader;
  const report = await server.json(`/v1/experiments/${KEY}/results`);
  const primary = report.metrics.find(({ role }) => role === "primary");
  const [control, gift] = primary.arms;
  const table = (name) => page.getByRole("table").filter({ hasText: name }).first();
  const choose = async (name) => {
    await page.getByRole("link", { name, exact: true }).click();
    await page.locator(`a[aria-current]`, { hasText: name }).waitFor();
  };

  await step("results: the list leads there", async () => {
    await page.goto("/");
    await page.getByRole("link", { name: KEY }).click();
    await page.getByRole("heading", { level: 1, name: KEY }).waitFor();
    watch.check();
  });
  await step("results: the verdict is the API's", async () => {
    const verdict = page.getByRole("region", { name: /Verdict/ });
    const title = await verdict.getByRole("heading").textContent();
    holds(title, [VERDICTS[report.verdict.verdict], report.verdict.variant ?? ""], "the verdict");
    const reasons = await verdict.getByRole("listitem").allTextContents();
    equal(reasons.map((reason) => reason.trim()).join("\n"), report.verdict.reasons.join("\n"), "the reasons");
    return title.trim().replace(/\s+/g, " ");
  });
  await step("results: the numbers are the API's", async () => {
    const rows = await table(primary.metric).getByRole("row").allTextContents();
    const row = (arm) => rows.find((text) => text.includes(arm.variant) && text.includes(count(arm.n)));
    holds(row(control) ?? "", [share(control.estimate)], "the control");
    const [{ effect, decision }] = primary.comparisons;
    const points = (value) => (100 * value).toFixed(2);
    const expected = [share(gift.estimate), points(effect.estimate), points(decision.lower), points(decision.upper)];
    holds(row(gift) ?? "", expected, "the gift");
    return expected.join(", ");
  });
  await inspection.look("results", reader);

  await step("results: effects relative to the control", async () => {
    await page.goto(`/experiments/${KEY}`);
    await choose("relative");
    const { estimate } = primary.comparisons[0].relative_effect;
    holds(await table(primary.metric).textContent(), [share(estimate)], "the effect");
    watch.check();
  });
  await inspection.look("results-relative", reader);
  await step("results: effects among so many customers", async () => {
    await page.getByRole("spinbutton", { name: "Customers" }).fill("50000");
    await page.getByRole("spinbutton", { name: "Customers" }).press("Enter");
    await page.waitForURL("**customers=50000*");
    const effect = Math.round(50_000 * primary.comparisons[0].effect.estimate);
    holds(await table(primary.metric).textContent(), [count(effect)], "the effect");
    watch.check();
    return `${count(effect)} of 50,000 more are kept`;
  });
  await inspection.look("results-scaled", reader);

  await step("results: sliced by segment", async () => {
    await page.goto(`/experiments/${KEY}`);
    await choose("segment");
    const values = ["at_risk", "loyal", "new"];
    const slices = page.getByRole("region", { name: "Segments" });
    holds(await slices.textContent(), values, "the slices");
    watch.check();
  });
  await inspection.look("results-by-segment", reader);

  await step("results: a curve tells its numbers under the pointer", async () => {
    await page.goto(`/experiments/${KEY}`);
    const picture = page.locator("[data-hover] svg").first();
    await picture.scrollIntoViewIfNeeded();
    const box = await picture.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const tip = page.locator(".tip");
    await tip.waitFor();
    const text = await tip.innerText();
    const day = text.match(/\d{4}-\d\d-\d\d/)?.[0];
    const known = primary.daily.find((known) => known.day === day);
    if (!known) throw new Error(`no day of the report is in ${JSON.stringify(text)}`);
    const [{ n, control_n, effect }] = known.comparisons;
    holds(text, [count(n), count(control_n), (100 * effect.estimate).toFixed(2)], "the tip");
    await page.screenshot({ path: `${inspection.folder}/results-tip.png`, caret: "initial", animations: "allow" });
    await page.mouse.move(2, 2);
    await tip.waitFor({ state: "hidden" });
    watch.check();
    return text.replaceAll("\n", ", ");
  });

  await step("results: its files are the API's", async () => {
    const today = new Date().toISOString().slice(0, 10);
    await page.locator("input[name=as_of]").fill(today);
    await page.locator("input[name=as_of]").press("Enter");
    await page.waitForURL(`**as_of=${today}*`);
    for (const [name, format] of Object.entries({ CSV: "format=csv&", JSON: "" })) {
      const link = page.getByRole("link", { name, exact: true }).first();
      const expected = await server.bytes(`/v1/experiments/${KEY}/results?${format}as_of=${today}`);
      sameBytes(atNoTime(await download(page, link)), atNoTime(expected), name);
    }
    watch.check();
  });
  await inspection.look("results-as-of", reader);
  await step("results: what is under the pictures can be taken away", async () => {
    await page.goto(`/experiments/${KEY}`);
    const link = page.locator("a[href*='daily.csv']").first();
    await link.evaluate((link) => {
      for (let at = link.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    });
    const text = (await download(page, link)).toString();
    const { estimate } = primary.daily.at(-1).comparisons[0].effect;
    holds(text, [primary.daily[0].day, String(estimate)], "the file");
    watch.check();
    return text.slice(0, text.indexOf("\n"));
  });
}

/** A file without the moment at which it was made. */
function atNoTime(bytes) {
  return Buffer.from(bytes.toString().replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "MOMENT"));
}
