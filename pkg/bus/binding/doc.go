// Package binding puts a CloudEvent into a NATS message and takes it out
// again, by the CloudEvents NATS protocol binding 1.0.
//
// In binary mode every attribute is a header "ce-<name>" (datacontenttype
// too, unlike HTTP) and the data is the payload as it is. Values are
// percent-encoded outside U+0021 to U+007E, and so are space, the double quote
// and the percent sign. In structured mode the whole event is JSON in the
// payload, and only the header "Content-Type: application/cloudevents+json"
// tells so. There is no batch mode.
//
// The CloudEvents SDK's own NATS JetStream protocol is not used: it does not
// percent-encode, sends structured events without their content type, matches
// header names by case and acknowledges before the handler has run. Its event
// model is used.
//
// What this package is not: it publishes and receives nothing, and does not
// know lifeboat's event types.
package binding
