package intake

import (
	"net/http"
	"slices"
	"strconv"
)

// handshake answers the validation request that CloudEvents webhooks send
// before they deliver: a sender may deliver when its origin is one that a
// caller was configured with. It is no login; every delivery needs one.
//
// A sender that asks to be called back later (WebHook-Request-Callback) is
// answered here all the same: nobody is called at an address that somebody
// without a login sent.
func (s *Service) handshake(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "OPTIONS, POST")
	origin := r.Header.Get("WebHook-Request-Origin")
	if origin == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	limit := 0
	for _, c := range s.callers {
		if slices.Contains(c.Origins, origin) {
			limit = max(limit, c.RatePerMinute)
		}
	}
	if limit == 0 {
		problem{Title: "The origin is not expected", Status: http.StatusForbidden, Code: "origin-unknown",
			Detail: "Have it added to the caller's origins."}.write(w)
		return
	}
	if asked, err := strconv.Atoi(r.Header.Get("WebHook-Request-Rate")); err == nil && asked > 0 {
		limit = min(limit, asked)
	}
	w.Header().Set("WebHook-Allowed-Origin", origin)
	w.Header().Set("WebHook-Allowed-Rate", strconv.Itoa(limit))
	w.WriteHeader(http.StatusOK)
}
