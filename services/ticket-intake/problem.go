package intake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"lifeboat.io/events"
)

// problem is an error as HTTP callers get it: problem details of RFC 9457,
// with the reasons beside.
type problem struct {
	// Title is what went wrong, in a few words.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Code is the same for programs: kebab-case, stable.
	Code string `json:"code"`
	// Detail says what to do.
	Detail string `json:"detail,omitempty"`
	// Reasons say what is wrong with the ticket, all of it.
	Reasons []events.Reason `json:"reasons,omitempty"`
	// retryAfter is when to come back; 0 when that is no use.
	retryAfter time.Duration
}

// write answers a request with the problem.
func (p problem) write(w http.ResponseWriter) {
	if p.retryAfter > 0 {
		seconds := (p.retryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="lifeboat"`)
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

// writeJSON answers a request. An answer that cannot be written is the
// caller's connection being gone, which is nobody's news.
func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	raw, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		http.Error(w, "the answer cannot be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
}

// The problems that do not depend on the request.
var (
	problemNoLogin = problem{Title: "Not logged in", Status: http.StatusUnauthorized, Code: "no-login",
		Detail: "Send Authorization: Bearer <token>, or a Lifeboat-Signature."}
	problemWrongLogin = problem{Title: "The login is wrong", Status: http.StatusUnauthorized, Code: "wrong-login",
		Detail: "Check the token, or the caller's name and key."}
	problemReplayed = problem{Title: "The signature was used before", Status: http.StatusUnauthorized, Code: "signature-replayed",
		Detail: "Sign every request anew, with an n never used before."}
	problemTooLarge = problem{Title: "The request is too large", Status: http.StatusRequestEntityTooLarge, Code: "too-large",
		Detail: "Send at most " + strconv.Itoa(events.MaxSubmittedBytes) + " bytes of data; split the VMs into several tickets."}
	problemBusy = problem{Title: "Too many requests at a time", Status: http.StatusTooManyRequests, Code: "busy",
		Detail: "Come back after Retry-After.", retryAfter: time.Second}
	problemInboxFull = problem{Title: "The inbox is full", Status: http.StatusTooManyRequests, Code: "inbox-full",
		Detail: "Tickets wait to be answered. Come back after Retry-After.", retryAfter: 10 * time.Second}
	problemBusAway = problem{Title: "The bus is away", Status: http.StatusServiceUnavailable, Code: "bus-away",
		Detail: "Nothing was stored. Come back after Retry-After.", retryAfter: 5 * time.Second}
	problemUnknownOutcome = problem{Title: "It is not known whether the ticket was stored", Status: http.StatusServiceUnavailable, Code: "outcome-unknown",
		Detail: "Send the very same ticket again; it is recognised if it was stored.", retryAfter: 5 * time.Second}
	problemInternal = problem{Title: "Something went wrong here", Status: http.StatusInternalServerError, Code: "internal",
		Detail: "Send it again; if that fails too, tell the operator the time."}
)
