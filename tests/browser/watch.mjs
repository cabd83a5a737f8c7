// What goes wrong while somebody reads: errors in scripts, breaches of the policy, calls that fail or go elsewhere.

export class Watch {
  #found = [];
  #expected = null;

  /** Listens to every page of a context; only `url` may be asked for anything. */
  static async over(context, url) {
    const watch = new Watch();
    const found = (what) => watch.#found.push(what);
    // Runs before the page's own script, so that nothing is missed.
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI} ${event.sample}`);
      });
    });
    context.on("console", (message) => {
      // Answers that are errors are told below, with their status.
      const isTold = message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !isTold) found(`console: ${message.text()}`);
    });
    context.on("weberror", (error) => found(`script: ${error.error().stack}`));
    context.on("request", (request) => {
      if (!request.url().startsWith(`${url}/`)) found(`a request to another host: ${request.url()}`);
    });
    context.on("requestfailed", (request) => {
      // A page that is left gives up what it asked for, and a download is no page.
      const reason = request.failure()?.errorText;
      if (reason !== "net::ERR_ABORTED") found(`${request.method()} ${request.url()}: ${reason}`);
    });
    context.on("response", (response) => {
      const status = response.status();
      if (status >= 400 && status !== watch.#expected) found(`${status} for ${response.url()}`);
    });
    return watch;
  }

  /** Does something that is to be refused with a status. */
  async refused(status, action) {
    this.#expected = status;
    try {
      return await action();
    } finally {
      this.#expected = null;
    }
  }

  /** Forgets what went wrong: it was told where it did. */
  forget() {
    this.#found = [];
  }

  /** Fails if anything went wrong since the last call. */
  check() {
    const found = this.#found.splice(0);
    if (found.length > 0) throw new Error(found.join("\n"));
  }
}
