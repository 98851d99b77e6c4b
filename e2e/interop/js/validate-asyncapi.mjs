// Reads an AsyncAPI document with the official parser and fails on anything it
// calls an error or a warning. Prints what was found, as one line of JSON.
//
//   node validate-asyncapi.mjs <asyncapi.yaml>
import { Parser, fromFile } from '@asyncapi/parser';

// Severities count from 0, error; 1 is warning, 2 information, 3 hint.
const WARNING = 1;

const [path] = process.argv.slice(2);
if (!path) {
  console.error('usage: node validate-asyncapi.mjs <asyncapi.yaml>');
  process.exit(2);
}

const { document, diagnostics } = await fromFile(new Parser(), path).parse();
const serious = diagnostics.filter((d) => d.severity <= WARNING);
for (const d of serious) {
  console.error(`${d.code} at ${d.path.join('.')}: ${d.message}`);
}
if (!document || serious.length > 0) {
  process.exit(1);
}

const channels = document.channels().all().map((channel) => ({
  address: channel.address(),
  types: channel.messages().all().map((message) => message.name()),
  // A payload that was not resolved has no type.
  resolved: channel.messages().all().every((message) => message.payload()?.type() === 'object'),
}));
console.log(JSON.stringify({ version: document.version(), channels }));
