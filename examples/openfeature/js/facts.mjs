// What a customer met and did, sent to the server: OpenFeature evaluates flags and reports nothing by itself.
export function factsFor(server, key) {
  return async (path, fact) => {
    const response = await fetch(`${server}/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(fact),
    });
    if (!response.ok) throw new Error(await response.text());
    const { accepted, duplicates, rejected } = await response.json();
    console.log(`${path}: ${accepted} accepted, ${duplicates} duplicates, ${rejected} rejected`);
  };
}

// One evaluation on a line, the same way in every client.
export function show(customer, type, details) {
  const { flagKey, value, variant, reason, errorCode, flagMetadata } = details;
  const metadata = Object.keys(flagMetadata ?? {}).sort().map((name) => `${name}=${flagMetadata[name]}`);
  const words = [flagKey, customer, type, JSON.stringify(value), variant ?? '-', reason, errorCode ?? '-'];
  console.log([...words, ...metadata].join(' '));
}
