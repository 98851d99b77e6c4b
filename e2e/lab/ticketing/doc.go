// Package ticketing is a small ticket system, as a customer might have one. It
// publishes tickets as CloudEvents into lifeboat's inbox, or posts them to
// ticket-intake, and listens to what lifeboat answers on the log. What came
// back stands with each ticket.
//
// It comes up without a bus and keeps trying to reach one, since lifeboat may
// start later, or go away and come back.
//
// What this package is not: it uses nothing of lifeboat but the event contract,
// and no ticket survives its end.
package ticketing
