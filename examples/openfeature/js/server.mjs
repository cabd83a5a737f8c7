// A server in Node.js that asks for flags as it goes: `node server.mjs URL KEY`.
import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { factsFor, show } from './facts.mjs';

const [server, key] = process.argv.slice(2);
await OpenFeature.setProviderAndWait(
  new OFREPProvider({ baseUrl: server, headers: [['Authorization', `Bearer ${key}`]] }),
);
const client = OpenFeature.getClient();

for (const customer of ['n-1', 'n-2', 'qa-1']) {
  const context = { targetingKey: customer, days_since_order: 75 };
  show(customer, 'boolean', await client.getBooleanDetails('free_shipping', false, context));
  show(customer, 'string', await client.getStringDetails('banner', 'default', context));
  show(customer, 'number', await client.getNumberDetails('percent', -1, context));
  show(customer, 'number', await client.getNumberDetails('price_factor', -1, context));
  show(customer, 'object', await client.getObjectDetails('card', { title: 'default' }, context));
  show(customer, 'string', await client.getStringDetails('checkout', 'default', context));
  show(customer, 'number', await client.getNumberDetails('upcoming', -1, context));
  show(customer, 'string', await client.getStringDetails('settled', 'default', context));
}
// Not at risk, so not in the audience.
show('n-1', 'string', await client.getStringDetails('banner', 'default', { targetingKey: 'n-1', days_since_order: 5 }));
// What goes wrong gives the default, and says why.
const context = { targetingKey: 'n-1' };
show('n-1', 'string', await client.getStringDetails('percent', 'default', context));
show('n-1', 'number', await client.getNumberDetails('nobody/knows this', -1, context));
show('-', 'number', await client.getNumberDetails('percent', -1, {}));
show('n-1', 'number', await client.getNumberDetails('percent', -1, { ...context, size: 'x'.repeat(2000) }));

// The banner was shown, and the customer ordered. `percent` needs no report: its definition says `expose: on_evaluate`.
const facts = factsFor(server, key);
const { variant, flagMetadata } = await client.getStringDetails('banner', 'default', { ...context, days_since_order: 75 });
await facts('exposures', { id: 'js-server-1', customer: 'n-1', experiment: flagMetadata.experiment, variant });
await facts('conversions', { id: 'js-server-1', customer: 'n-1', event: 'order', value: 19.9 });
await OpenFeature.close();
