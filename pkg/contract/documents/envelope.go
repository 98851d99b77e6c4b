package documents

import "lifeboat.io/events"

// attribute is one CloudEvents attribute as lifeboat uses it.
type attribute struct {
	name string
	// always tells that every event lifeboat writes carries it.
	always bool
	doc    string
	// example is a value as it stands in an event.
	example string
}

// header is the attribute's name as a NATS header, in binary mode.
func (a attribute) header() string { return "ce-" + a.name }

// attributes is the envelope of every event, in the order a reader should meet
// it.
var attributes = []attribute{
	{"specversion", true, "The version of CloudEvents.", "1.0"},
	{"id", true, "Unique per event and source. The same event keeps its id however often it is published or delivered.", "8e901615-bfef-5543-81cf-56bcbffb6747"},
	{"source", true, "The writer: /lifeboat/ and the service.", "/lifeboat/failover-executor"},
	{"type", true, "The event type, with the version of its data.", "io.lifeboat.failover.planned.v1"},
	{"subject", true, "The aggregate: family, account and id, the latter two escaped as in the NATS subject.", "failover/acme/d4927c3b-0e58-4d6a-a1f7-93b6e5c8201f"},
	{"time", true, "When it happened, by the writer's clock, in UTC.", "2026-05-20T03:16:20.77Z"},
	{"datacontenttype", true, "The data is JSON.", "application/json"},
	{"dataschema", true, "The address of the data's JSON Schema.", "https://lifeboat.io/schema/io.lifeboat.failover.planned.v1.json"},
	{events.ExtSequence, true, "Counts the aggregate's events from 1, as ten decimal digits, without a gap.", "0000000002"},
	{events.ExtCorrelation, true, "The ticket all this is for: the id of its aggregate.", "desk~DR-301"},
	{events.ExtCausation, false, "The id of the event this one is the answer to.", "fa35f5f4-d24b-519f-98bd-f633fbf54e87"},
	{events.ExtTraceParent, false, "The W3C trace context the journey began in; the same in every event of the journey.", "00-b94ff96c14dcdeb0191e9f043e104b33-ab972bbce3910387-01"},
	{events.ExtTraceState, false, "Goes with traceparent.", ""},
}
