// Chromium, and somebody who looks at pages with it.

import { chromium } from "playwright-core";

import { Watch } from "./watch.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-proxy-server",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium, with a profile of its own that ends with it. */
export function launch() {
  const executablePath = process.env.EXPERIMENT_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS, headless: true });
}

/** A new reader: a page, without anybody's cookies, and the watch over all that goes wrong on it. */
export async function visit(browser, url, { width = 1440, height = 900, colorScheme = "light" } = {}) {
  const viewport = { width, height };
  const context = await browser.newContext({ baseURL: url, viewport, colorScheme, deviceScaleFactor: 1 });
  context.setDefaultTimeout(5_000);
  const watch = await Watch.over(context, url);
  return { page: await context.newPage(), watch };
}
