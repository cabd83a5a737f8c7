// What a browser gets when somebody clicks on a link to a file.

import { readFile } from "node:fs/promises";

/** The bytes that a link brings. */
export async function download(page, link) {
  const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
  return readFile(await file.path());
}
