// An app in a browser, which fetches all flags of its customer and polls for changes: `node web.mjs URL KEY`.
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { factsFor, show } from './facts.mjs';

const [server, key] = process.argv.slice(2);
// Tells what comes back; an app leaves this out.
let answered = () => {};
const watched = async (request, init) => {
  const response = await fetch(request, init);
  answered(response.status);
  return response;
};
const status = (wanted) => new Promise((resolve) => (answered = (status) => status === wanted && resolve()));
const event = (name) => new Promise((resolve) => OpenFeature.addHandler(name, resolve));

await OpenFeature.setContext({ targetingKey: 'w-1', days_since_order: 75 });
await OpenFeature.setProviderAndWait(
  new OFREPWebProvider({
    baseUrl: server,
    headers: [['Authorization', `Bearer ${key}`]],
    pollInterval: 200,
    fetchImplementation: watched,
    // Node.js has no localStorage; a browser keeps the last flags there for the next start.
    cacheMode: 'disabled',
  }),
);
const client = OpenFeature.getClient();
const showAll = (customer) => {
  show(customer, 'boolean', client.getBooleanDetails('free_shipping', false));
  show(customer, 'string', client.getStringDetails('banner', 'default'));
  show(customer, 'number', client.getNumberDetails('percent', -1));
  show(customer, 'number', client.getNumberDetails('price_factor', -1));
  show(customer, 'object', client.getObjectDetails('card', { title: 'default' }));
  show(customer, 'string', client.getStringDetails('checkout', 'default'));
  show(customer, 'number', client.getNumberDetails('upcoming', -1));
  show(customer, 'string', client.getStringDetails('settled', 'default'));
};
showAll('w-1');
show('w-1', 'string', client.getStringDetails('percent', 'default'));
show('w-1', 'number', client.getNumberDetails('nobody/knows this', -1));
// Nothing has changed, so a poll brings nothing.
await status(304);
console.log('polled: 304');

// Another customer signs in.
await OpenFeature.setContext({ targetingKey: 'qa-1', days_since_order: 75 });
showAll('qa-1');

// The customer of before saw the card and ordered.
await OpenFeature.setContext({ targetingKey: 'w-2', days_since_order: 75 });
const facts = factsFor(server, key);
const { variant, flagMetadata } = client.getObjectDetails('card', {});
const changed = event(ProviderEvents.ConfigurationChanged);
await facts('exposures', { id: 'js-web-1', customer: 'w-2', experiment: flagMetadata.experiment, variant });
await facts('conversions', { id: 'js-web-1', customer: 'w-2', event: 'order', value: 5 });
// From now on the card is known to be met: the next poll brings that.
console.log(`changed: ${(await changed).flagsChanged.join(' ')}`);
show('w-2', 'object', client.getObjectDetails('card', { title: 'default' }));
await OpenFeature.close();
