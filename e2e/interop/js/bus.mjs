// A JavaScript client of the bus, as a customer's team would write it from the
// published contract: it reads stored CloudEvents in both modes and submits
// tickets in both modes.
//
//   node bus.mjs <nats-url> <read-json> <write-json>
//
// read-json is a list of {stream, seq}; write-json a list of {subject, mode,
// event}. It prints {"read": [event…], "stored": [seq…]}.
import { connect, headers as newHeaders } from "@nats-io/transport-node";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { CloudEvent, HTTP } from "cloudevents";

const [url, readJSON, writeJSON] = process.argv.slice(2);
const nc = await connect({ servers: url });
const manager = await jetstreamManager(nc);
const js = jetstream(nc);

// The NATS binding's percent-encoding, which the cloudevents package lacks:
// space, double quote, percent and everything outside U+0021 to U+007E.
const escape = (text) =>
  [...new TextEncoder().encode(text)]
    .map((b) => (b < 0x21 || b > 0x7e || b === 0x22 || b === 0x25
      ? "%" + b.toString(16).toUpperCase().padStart(2, "0")
      : String.fromCharCode(b)))
    .join("");
const unescape = (text) => decodeURIComponent(text);

function decode(message) {
  const found = {};
  for (const name of message.header.keys()) {
    found[name.toLowerCase()] = message.header.get(name);
  }
  if ((found["content-type"] ?? "").startsWith("application/cloudevents")) {
    return HTTP.toEvent({ headers: { "content-type": found["content-type"] }, body: message.string() });
  }
  const attributes = {};
  for (const [name, value] of Object.entries(found)) {
    if (name.startsWith("ce-")) attributes[name.slice(3)] = unescape(value);
  }
  return new CloudEvent({ ...attributes, data: JSON.parse(message.string()) });
}

function encode(mode, event) {
  const h = newHeaders();
  if (mode === "structured") {
    const message = HTTP.structured(event);
    h.set("Content-Type", message.headers["content-type"]);
    return { headers: h, body: message.body };
  }
  for (const [name, value] of Object.entries(event.toJSON())) {
    if (name !== "data" && value !== undefined) h.set("ce-" + name, escape(String(value)));
  }
  return { headers: h, body: JSON.stringify(event.data) };
}

const read = [];
for (const { stream, seq } of JSON.parse(readJSON)) {
  read.push(decode(await manager.streams.getMessage(stream, { seq })).toJSON());
}
const stored = [];
for (const { subject, mode, event } of JSON.parse(writeJSON)) {
  const { headers, body } = encode(mode, new CloudEvent(event));
  const ack = await js.publish(subject, body, { headers, msgID: `${event.source}|${event.id}` });
  stored.push(ack.seq);
}
await nc.drain();
console.log(JSON.stringify({ read, stored }));
