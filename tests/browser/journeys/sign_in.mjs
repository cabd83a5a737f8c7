// Signing in: pages lead there, and only the right key leads on.

import { equal, matches } from "../expect.mjs";
import { step } from "../steps.mjs";

/** Signs a reader in, and tries on the way what must not. Ends at the list of experiments. */
export async function signIn(reader, server, inspection) {
  const { page, watch } = reader;
  const send = async (key) => {
    await page.getByLabel("Key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
  };

  await step("sign in: a page leads there", async () => {
    await page.goto("/");
    equal(new URL(page.url()).pathname, "/sign-in", "the address");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    equal(await page.getByLabel("Key").evaluate((field) => field === document.activeElement), true, "the focus");
    watch.check();
  });
  await inspection.look("sign-in", reader);
  await step("sign in: a wrong key is refused", async () => {
    await watch.refused(401, async () => {
      await send("wrong");
      await page.getByRole("alert").waitFor();
    });
    equal(await page.getByLabel("Key").inputValue(), "", "the field");
    watch.check();
    return (await page.getByRole("alert").textContent()).trim();
  });
  await inspection.look("sign-in-refused", reader);
  await step("sign in: an app's key is refused", async () => {
    await watch.refused(403, async () => {
      await send(server.key("shop", "client"));
      matches(await page.getByRole("alert").textContent(), /role/, "the refusal");
    });
    watch.check();
  });
  await step("sign in: an analyst's key leads on", async () => {
    await send(server.key("ann", "analyst"));
    await page.getByRole("heading", { name: "Experiments" }).waitFor();
    equal(new URL(page.url()).pathname, "/", "the address");
    watch.check();
  });
}

/** Signs out; pages then lead to signing in again, and that to where one wanted to be. */
export async function signOut({ page, watch }, server) {
  await step("sign out: pages then lead to signing in", async () => {
    await page.goto("/");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/sign-in*");
    await page.goto("/experiments/winback_gift?by=segment");
    const at = new URL(page.url());
    equal(at.pathname, "/sign-in", "the address");
    equal(at.searchParams.get("next"), "/experiments/winback_gift?by=segment", "where it leads back to");
    watch.check();
  });
  await step("sign in again: it leads to the page that was asked for", async () => {
    await page.getByLabel("Key").fill(server.key("ben", "admin"));
    await page.getByLabel("Key").press("Enter");
    await page.waitForURL("**/experiments/winback_gift?by=segment");
    await page.getByRole("heading", { level: 1, name: "winback_gift" }).waitFor();
    watch.check();
  });
}
