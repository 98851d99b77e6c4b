// Package monitor is the room of the service monitor. The service is not built:
// there is nothing here but this text, no program, and `lifeboat serve` refuses
// its name.
//
// It will watch what the other services do not: space and bandwidth, the health
// of hosts and guests, the calendar of drills. And it will judge for all of
// them: what is an alert, who is told, and when it is over. It will hold a host
// key that can only read.
//
// It will hear every family, lifeboat.>, and be the one writer of
// lifeboat.alert.<account>.<subject>.<event>; the family is reserved in
// lifeboat.io/events and has no event types yet. Samples, such as sizes and lag,
// will go to the stream SAMPLES, never to the log.
//
// What this package is not: it will change nothing on a host, and never starts
// a failover by itself.
package monitor
