// The pictures of README and docs, of the demo alone.

import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { visit } from "./browser.mjs";

const FOLDER = join(import.meta.dirname, "../../docs/pictures");
const MOST_BYTES = 250_000;

const PICTURES = [
  { name: "results", path: "/experiments/winback_gift" },
  { name: "results-dark", path: "/experiments/winback_gift", colorScheme: "dark" },
  { name: "results-narrow", path: "/experiments/winback_gift", width: 390, height: 844 },
  { name: "experiments", path: "/", height: 500 },
];

/** Takes them. */
export async function takePictures(browser, server) {
  await mkdir(FOLDER, { recursive: true });
  const key = server.key("ann", "analyst");
  for (const { name, path, ...window } of PICTURES) {
    const { page } = await visit(browser, server.url, window);
    await page.goto(`/sign-in?${new URLSearchParams({ next: path })}`);
    await page.getByLabel("Key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(`**${path}`);
    const file = join(FOLDER, `${name}.png`);
    await page.screenshot({ path: file, caret: "initial", animations: "allow" });
    const { size } = await stat(file);
    if (size > MOST_BYTES) throw new Error(`${file} has ${size} bytes, and ${MOST_BYTES} are the most`);
    console.log(`${file}: ${size} bytes`);
    await page.context().close();
  }
}
