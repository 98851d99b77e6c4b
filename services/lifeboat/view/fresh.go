package view

import "time"

// FreshFor is how long something seen on a host may be taken for the present.
// Nothing watches hosts between runs yet, so most of what is seen is soon older.
const FreshFor = 5 * time.Minute

// Fresh reports whether something seen at a time still tells how things are.
// What was never seen does not; nor does what was seen further in the future
// than clocks differ.
func Fresh(seen, now time.Time) bool {
	age := now.Sub(seen)
	return !seen.IsZero() && age < FreshFor && age > -FreshFor
}
