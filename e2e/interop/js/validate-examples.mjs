// Validates the data of every golden example against the schema its dataschema
// attribute names, with a validator that is not the one lifeboat uses. Prints
// what was checked, as one line of JSON.
//
//   node validate-examples.mjs <events folder>
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { CloudEvent } from 'cloudevents';

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node validate-examples.mjs <events folder>');
  process.exit(2);
}

const read = (sub) =>
  readdirSync(join(folder, sub))
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, json: JSON.parse(readFileSync(join(folder, sub, name), 'utf8')) }));

const ajv = new Ajv({ strict: true, strictRequired: false, allErrors: true });
formats(ajv);
const schemas = read('schema');
for (const { json } of schemas) {
  ajv.addSchema(json);
}

const problems = [];
const checked = [];
for (const { name, json } of read('example')) {
  const event = new CloudEvent(json); // throws when it is no CloudEvent
  const validate = ajv.getSchema(event.dataschema);
  if (!validate) {
    problems.push(`${name}: no schema ${event.dataschema}`);
    continue;
  }
  if (!validate(event.data)) {
    problems.push(`${name}: ${ajv.errorsText(validate.errors)}`);
  }
  // What the schema demands must really be demanded.
  if (validate({})) {
    problems.push(`${name}: its schema accepts an empty object`);
  }
  checked.push(event.type);
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(JSON.stringify({ schemas: schemas.length, checked }));
