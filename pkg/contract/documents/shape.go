package documents

import (
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"lifeboat.io/events"
)

// constraint narrows a property beyond its type.
type constraint func(*jsonschema.Schema)

// shapes narrow fields wherever they stand, by Go type and field. They hold
// what a reader builds on: identities are there, counts are not negative. Texts
// for people may be empty; an event must not be lost for want of a sentence.
var shapes = map[string][]constraint{
	"TicketRef.System":             {minLength(1), maxLength(events.MaxID), pattern(events.PatternSystem)},
	"TicketRef.Ticket":             {minLength(1), maxLength(events.MaxID), pattern(events.PatternTicket)},
	"TicketRef.Revision":           {minimum(1), maximum(events.MaxRevision)},
	"Request.Account":              {minLength(1), maxLength(events.MaxID)},
	"VMRef.ID":                     {pattern(events.PatternVMID)},
	"TestVMReading.ID":             {pattern(events.PatternVMID)},
	"Reason.Code":                  {pattern(events.PatternCode)},
	"Fault.Code":                   {minLength(1)},
	"Reading.Host":                 {minLength(1)},
	"ReplicationReading.Mode":      {minLength(1)},
	"ReplicationReading.State":     {minLength(1)},
	"ReplicaServer.Port":           {minimum(1), maximum(65535)},
	"ReplicaServer.Authentication": {oneOf("Kerberos", "Certificate")},
	"DataLoss.Seconds":             {minimum(0)},
	"PlannedStep.Host":             {minLength(1)},
	"RunRef.Run":                   {minLength(1)},
	"TicketAccepted.Items":         {minItems(1)},
	"TicketRefused.Account":        {minLength(1), maxLength(events.MaxID)},
	"TicketSuperseded.By":          {minimum(1), maximum(events.MaxRevision)},
	"TicketProgressed.Run":         {minLength(1)},
	"TicketProgressed.Cause":       {minLength(1)},
	"TicketClosed.Items":           {minItems(1)},
	"FailoverRefused.Reasons":      {minItems(1)},
	"FailoverPlanned.Primary":      {minLength(1)},
	"FailoverPlanned.Replica":      {minLength(1)},
	"FailoverPlanned.Steps":        {minItems(1)},
	"StepStarted.Host":             {minLength(1)},
	"StepStarted.Attempt":          {minimum(1)},
	"StepDone.Host":                {minLength(1)},
	"StepFailed.Host":              {minLength(1)},
	"StepFailed.Attempt":           {minimum(1)},
	"FailoverHeld.Choices":         {minItems(1)},
	"FailoverFenced.Host":          {minLength(1)},
}

// refusedShapes take the place of shapes in ticket.refused, which must be able
// to answer a ticket that did not say its revision.
var refusedShapes = map[string][]constraint{
	"TicketRef.Revision": {minimum(0), maximum(events.MaxRevision)},
}

// submittedShapes narrow ticket.submitted further: the limits on what others
// write.
var submittedShapes = map[string][]constraint{
	"Request.URL":                         {maxLength(events.MaxURL), pattern(events.PatternURL)},
	"Request.VMs":                         {minItems(1), maxItems(events.MaxVMs), unique},
	"Request.Refers":                      {minLength(1), maxLength(events.MaxID), pattern(events.PatternTicket)},
	"Request.RecoveryPoint":               {minLength(1), maxLength(events.MaxID)},
	"Request.Reason":                      {maxLength(events.MaxReason), pattern(events.PatternText)},
	"VMRef.Name":                          {minLength(1), maxLength(events.MaxName)},
	"Person.Name":                         {maxLength(events.MaxName), pattern(events.PatternText)},
	"Person.Email":                        {maxLength(events.MaxEmail), pattern(events.PatternEmail)},
	"Override.Reason":                     {maxLength(events.MaxReason), pattern(events.PatternText)},
	"TestOptions.Switch":                  {maxLength(events.MaxName)},
	"TestOptions.Adapters":                {maxItems(events.MaxAdapters)},
	"TestOptions.HoldOpenMinutes":         {maximum(events.MaxHoldOpenMinutes)},
	"AdapterSwitch.Adapter":               {minLength(1), maxLength(events.MaxName)},
	"AdapterSwitch.Switch":                {maxLength(events.MaxName)},
	"UnplannedOptions.CommitAfterMinutes": {maximum(events.MaxCommitAfterMinutes)},
}

// constrain narrows a schema and its definitions by the tables above.
func constrain(root reflect.Type, doc *jsonschema.Schema, submitted bool) error {
	types := map[string]reflect.Type{}
	structsOf(root, types)
	for name, t := range types {
		def := doc.Definitions[name]
		if t == root {
			def = doc
		}
		if def == nil {
			continue // embedded: its fields stand in the schema that embeds it
		}
		if err := constrainFields(t, root, def, submitted); err != nil {
			return err
		}
	}
	if submitted {
		// A VM is named by its id or by its name. With no other members
		// allowed, "one of both" is "not empty".
		one := uint64(1)
		doc.Definitions["VMRef"].MinProperties = &one
	}
	return nil
}

// constrainFields narrows the properties that the fields of t became, those of
// embedded structs included.
func constrainFields(t, root reflect.Type, def *jsonschema.Schema, submitted bool) error {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			if err := constrainFields(f.Type, root, def, submitted); err != nil {
				return err
			}
			continue
		}
		property, ok := def.Properties.Get(jsonName(f))
		if !ok {
			return fmt.Errorf("%s.%s is not in the schema", t.Name(), f.Name)
		}
		if property.Type == "integer" {
			minimum(0)(property) // counts, durations and revisions all
		}
		key := t.Name() + "." + f.Name
		tables := []map[string][]constraint{shapes}
		if root == reflect.TypeFor[events.TicketRefused]() {
			tables = append(tables, refusedShapes)
		}
		if submitted {
			tables = append(tables, submittedShapes)
		}
		for _, table := range tables {
			for _, narrow := range table[key] {
				narrow(property)
			}
		}
	}
	return nil
}

// structsOf collects the structs reachable from t by name.
func structsOf(t reflect.Type, found map[string]reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if !plainStruct(t) || found[t.Name()] == t {
		return
	}
	found[t.Name()] = t
	for i := range t.NumField() {
		structsOf(t.Field(i).Type, found)
	}
}

func minLength(n uint64) constraint { return func(s *jsonschema.Schema) { s.MinLength = &n } }

func maxLength(n uint64) constraint { return func(s *jsonschema.Schema) { s.MaxLength = &n } }

func pattern(p string) constraint { return func(s *jsonschema.Schema) { s.Pattern = p } }

func minItems(n uint64) constraint { return func(s *jsonschema.Schema) { s.MinItems = &n } }

func maxItems(n uint64) constraint { return func(s *jsonschema.Schema) { s.MaxItems = &n } }

func unique(s *jsonschema.Schema) { s.UniqueItems = true }

func minimum(n int64) constraint {
	return func(s *jsonschema.Schema) { s.Minimum = number(n) }
}

func maximum(n int64) constraint {
	return func(s *jsonschema.Schema) { s.Maximum = number(n) }
}

func oneOf(values ...any) constraint {
	return func(s *jsonschema.Schema) { s.Enum = values }
}
