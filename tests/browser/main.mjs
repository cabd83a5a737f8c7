// A person's way through the pages of the real server, with Chromium:
//
//   node tests/browser/main.mjs BINARY          tries every page, and keeps a picture of each
//   node tests/browser/main.mjs BINARY --docs   takes the pictures of README and docs anew

import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

import { launch, visit } from "./browser.mjs";
import { Inspection } from "./inspection.mjs";
import { readCatalog } from "./journeys/catalog.mjs";
import { readCompany } from "./journeys/company.mjs";
import { lookUpCustomers } from "./journeys/customer.mjs";
import { readDefinitions } from "./journeys/definition.mjs";
import { lookAtExperiments } from "./journeys/experiments.mjs";
import { followFacts } from "./journeys/live.mjs";
import { goAstray } from "./journeys/nowhere.mjs";
import { readResults } from "./journeys/results.mjs";
import { signIn, signOut } from "./journeys/sign_in.mjs";
import { takePictures } from "./pictures.mjs";
import { setUp } from "./scene.mjs";
import { Server } from "./server.mjs";
import { failures, journey } from "./steps.mjs";

/** Whoever has signed in makes them, one after the other. */
const OTHER_JOURNEYS = [
  lookAtExperiments,
  readResults,
  readDefinitions,
  lookUpCustomers,
  readCompany,
  readCatalog,
  followFacts,
  goAstray,
  signOut,
];

const [binary, mode] = process.argv.slice(2);
if (!binary || ![undefined, "--docs"].includes(mode)) {
  console.error("usage: node tests/browser/main.mjs BINARY [--docs]");
  process.exit(2);
}

const server = await Server.start(resolve(binary));
let browser;
try {
  browser = await launch();
  if (mode === "--docs") await takePictures(browser, server);
  else process.exitCode = (await tryEverything(browser, server)) ? 0 : 1;
} finally {
  await browser?.close();
  await server.end();
}

async function tryEverything(browser, server) {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const folder = process.env.EXPERIMENT_SCREENSHOTS ?? join(cache, "experiment/screenshots");
  await mkdir(folder, { recursive: true });
  const inspection = new Inspection(folder);

  await setUp(server);
  const reader = await visit(browser, server.url);
  const isIn = await journey(() => signIn(reader, server, inspection));
  for (const other of isIn ? OTHER_JOURNEYS : []) {
    reader.watch.forget();
    await journey(() => other(reader, server, inspection));
  }

  for (const [barrier, names] of inspection.minor) console.log(`minor   ${[...names].join(", ")}: ${barrier}`);
  console.log(`pictures of every page: ${folder}`);
  for (const name of failures()) console.error(`FAILED  ${name}`);
  return failures().length === 0;
}
