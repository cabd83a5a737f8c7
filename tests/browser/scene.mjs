// What the server holds beside the demo's two campaigns, so that every page has something to show.

/** A young experiment, which customers still enter. */
export const YOUNG = "winback_2026";
/** An experiment in a layer, for a segment, whose hypothesis was written anew while it ran. */
export const CHANGED = "at_risk_gift";
export const OLD_WORDS = "A gift brings more lapsed customers back than a reminder";
export const NEW_WORDS = "A tote bag brings more lapsed customers back than a reminder";

/** Applies the examples, and lets the first customers in. */
export async function setUp(server) {
  server.apply(["catalog.yaml", "at_risk.yaml", "winback.yaml"], "--start");
  server.apply(["offers/subject_line.yaml"]);
  const changed = await server.call(`/v1/experiments/${CHANGED}`);
  const { document } = await changed.json();
  await server.call(`/v1/experiments/${CHANGED}`, {
    method: "PUT",
    headers: { "content-type": "application/json", "if-match": changed.headers.get("etag") },
    body: JSON.stringify({ ...document, hypothesis: NEW_WORDS }),
  });
  await letIn(server, 0, 60);
}

/** Customers who ask for their variant of the young experiment, and thereby enter it. */
export async function letIn(server, from, to) {
  for (let number = from; number < to; number += 1) {
    const customer = { id: `visitor-${number}`, attributes: { plan: number % 3 === 0 ? "pro" : "basic" } };
    await server.post("/v1/assign", { experiment: YOUNG, customer });
  }
}
