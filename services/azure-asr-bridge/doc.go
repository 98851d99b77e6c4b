// Package asr is the room of the service azure-asr-bridge. The service is not
// built: there is nothing here but this text, no program, and `lifeboat serve`
// refuses its name.
//
// It will be lifeboat's one connection to Azure Site Recovery: what a ticket
// asks of VMs that replicate to Azure goes out as commands, what changes there
// comes in as events. It will be the only service with a way out to Azure and
// with the key to a subscription, and it will hold no host key.
//
// It will hear lifeboat.ticket.*.*.accepted, and be the one writer of
// lifeboat.cloud.<account>.<vm>.<event>; the family is reserved in
// lifeboat.io/events and has no event types yet.
//
// What this package is not: it will decide nothing about VMs that replicate
// between Hyper-V hosts.
package asr
