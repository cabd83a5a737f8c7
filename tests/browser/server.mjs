// The real server, playing its demo, and what else the pages are to show.

import { spawn, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ADMIN_KEY = "only-for-this-run-0123456789abcdef";
const EXAMPLES = join(import.meta.dirname, "../../examples");
// The demo sends 211,000 facts before it says that the server stays up.
const MOST_SECONDS_OF_THE_DEMO = 150;

export class Server {
  /** Starts the demo in a folder of its own, and waits until its customers are in. */
  static async start(binary) {
    const folder = await mkdtemp(join(tmpdir(), "experiment-browser-"));
    const environment = { ...process.env, EXPERIMENT_ADMIN_KEY: ADMIN_KEY };
    const started = ["demo", "--data", join(folder, "data"), "--listen", "127.0.0.1:0"];
    const child = spawn(binary, started, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    const server = new Server(binary, environment, folder, child);
    // Whoever stops the run stops the server too.
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.end().then(() => process.exit(1)));
    try {
      await server.#demoIsIn();
      const running = JSON.parse(await readFile(join(folder, "data/server.json"), "utf8"));
      server.url = running.url;
      return server;
    } catch (error) {
      await server.end();
      throw error;
    }
  }

  constructor(binary, environment, folder, child) {
    Object.assign(this, { binary, environment, folder, child, said: "" });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (this.said += text));
  }

  #demoIsIn() {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`the demo took over ${MOST_SECONDS_OF_THE_DEMO} s:\n${this.said}`));
      const timer = setTimeout(late, MOST_SECONDS_OF_THE_DEMO * 1000);
      this.child.on("exit", (code) => reject(new Error(`the demo ended with ${code}:\n${this.said}`)));
      this.child.on("error", reject);
      this.child.stdout.on("data", () => {
        if (!this.said.includes("The server stays up")) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Runs a subcommand; returns what it prints. */
  command(...words) {
    const stdio = ["ignore", "pipe", "pipe"];
    return execFileSync(this.binary, words, { env: this.environment, encoding: "utf8", stdio });
  }

  /** Makes a key of a role. */
  key(name, role) {
    return this.command("key", "create", name, "--role", role, "--data", join(this.folder, "data")).trim();
  }

  /** Brings examples to the server, by their paths in `examples/`. */
  apply(files, ...options) {
    return this.command("apply", "--url", this.url, ...options, ...files.map((file) => join(EXAMPLES, file)));
  }

  /** Calls the API with the admin key; returns the answer once it is known to be good. */
  async call(path, { method = "GET", headers = {}, body } = {}) {
    const sent = { method, body, headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers } };
    const answer = await fetch(this.url + path, sent);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async json(path) {
    return (await this.call(path)).json();
  }

  async bytes(path) {
    return Buffer.from(await (await this.call(path)).arrayBuffer());
  }

  async post(path, value) {
    const headers = { "content-type": "application/json" };
    return (await this.call(path, { method: "POST", headers, body: JSON.stringify(value) })).json();
  }

  /** Ends it, and leaves nothing behind; says so if it has ended by itself. */
  end() {
    this.ended ??= this.#end();
    return this.ended;
  }

  async #end() {
    const how = this.child.exitCode ?? this.child.signalCode;
    if (how === null) {
      const ended = new Promise((resolve) => this.child.once("exit", resolve));
      this.child.kill("SIGTERM");
      await ended;
    } else console.error(`the server ended by itself with ${how}:\n${this.said}`);
    await rm(this.folder, { recursive: true, force: true });
  }
}
