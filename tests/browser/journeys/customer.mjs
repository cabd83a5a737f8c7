// Why a customer gets what they get.

import { equal, holds } from "../expect.mjs";
import { CHANGED, YOUNG } from "../scene.mjs";
import { step } from "../steps.mjs";

/** Looks up customers whom an experiment knows and does not know. */
export async function lookUpCustomers(reader, server, inspection) {
  const { page, watch } = reader;
  const ask = async (id, attributes) => {
    await page.locator("[name=id]").fill(id);
    if (attributes !== undefined) await page.locator("[name=attributes]").fill(attributes);
    await page.getByRole("main").getByRole("button").filter({ visible: true }).last().click();
    await page.waitForURL(`**id=${encodeURIComponent(id)}*`);
  };

  await step("customer: the results lead to the form", async () => {
    await page.goto("/experiments/winback_gift");
    await page.getByRole("link", { name: "Look up a customer" }).click();
    await page.waitForURL("**/experiments/winback_gift/customer");
    watch.check();
  });
  await inspection.look("customer", reader);
  await step("customer: one who met the experiment", async () => {
    await ask("customer-00041");
    const known = await server.json("/v1/experiments/winback_gift/customers/customer-00041");
    const [{ variant, at }] = known.exposures;
    const text = await page.getByRole("main").innerText();
    holds(text, [...known.steps.map(({ detail }) => detail), variant, at.slice(0, 10)], "the page");
    equal(await page.locator("[name=id]").inputValue(), "customer-00041", "the form");
    watch.check();
    return `${variant} on ${at}`;
  });
  await inspection.look("customer-known", reader);
  await step("customer: one of whom nothing is known", async () => {
    await page.goto(`/experiments/${CHANGED}/customer`);
    const attributes = { days_since_order: 70, orders_365d: 3, country: "DE" };
    await ask("nobody", JSON.stringify(attributes));
    const query = new URLSearchParams({ attributes: JSON.stringify(attributes) });
    const known = await server.json(`/v1/experiments/${CHANGED}/customers/nobody?${query}`);
    holds(await page.getByRole("main").innerText(), known.steps.map(({ detail }) => detail), "the page");
    watch.check();
  });
  await inspection.look("customer-unknown", reader);
  await step("customer: attributes that can't be read are told beside the form", async () => {
    await page.goto(`/experiments/${YOUNG}/customer`);
    await watch.refused(400, () => ask("visitor-1", "{plan: pro"));
    equal(await page.locator("[name=attributes]").inputValue(), "{plan: pro", "what was typed");
    await page.getByRole("alert").waitFor();
    watch.check();
    return (await page.getByRole("alert").innerText()).trim();
  });
  await inspection.look("customer-refused", reader);
}
