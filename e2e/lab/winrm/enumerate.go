package winrm

import (
	"sort"
	"strings"
	"time"
)

// Bounds of enumerations.
const (
	// maxContexts is how many may be open; the oldest gives way.
	maxContexts = 64
	// contextLife is how long one waits for the next Pull: EnumerationTimeoutms, 240000.
	contextLife = 240 * time.Second
	// maxBatch is the most items of one answer: MaxBatchItems, 32000.
	maxBatch = 32000
)

// context of an enumeration: what is still to be pulled.
type enumContext struct {
	id    string
	items []string
	until time.Time
}

// enumerate starts listing the shells; all of them, since only administrators get here.
func (s *Server) enumerate(c *call) (*reply, error) {
	body := c.req.body
	if !body.is(nsEnumerate, "Enumerate") {
		return nil, bodyFault(body)
	}
	if body.child(nsWSMan, "Filter") != nil || body.child(nsEnumerate, "Filter") != nil || len(c.req.selectors) > 0 {
		return nil, newFault(codeFilterNotSupported, "")
	}
	if mode := body.child(nsWSMan, "EnumerationMode"); mode != nil && mode.value() != "EnumerateObject" {
		return nil, newFault(codeEnumerationMode, "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	items := s.shellItems(now)
	if body.child(nsWSMan, "OptimizeEnumeration") == nil {
		ctx := s.openContext(items, now)
		return &reply{actionEnumerate + "Response",
			"<n:EnumerateResponse><n:EnumerationContext>uuid:" + ctx.id + "</n:EnumerationContext></n:EnumerateResponse>"}, nil
	}
	most := 1
	if m, ok := parseSize(body.child(nsWSMan, "MaxElements").value()); ok {
		most = m
	}
	batch, rest := takeItems(items, most, c.envelope)
	if batch == nil && len(items) > 0 {
		return nil, newFault(codeEnvelopeExceeded, "")
	}
	id, end := "", "<w:EndOfSequence/>"
	if len(rest) > 0 {
		id, end = "uuid:"+s.openContext(rest, now).id, ""
	}
	return &reply{actionEnumerate + "Response", "<n:EnumerateResponse><n:EnumerationContext>" + id + "</n:EnumerationContext><w:Items>" +
		strings.Join(batch, "") + "</w:Items>" + end + "</n:EnumerateResponse>"}, nil
}

// shellItems describes every shell, oldest first; mu must be held.
func (s *Server) shellItems(now time.Time) []string {
	shells := make([]*shell, 0, len(s.shells))
	for _, sh := range s.shells {
		shells = append(shells, sh)
	}
	sort.Slice(shells, func(i, j int) bool {
		if !shells[i].created.Equal(shells[j].created) {
			return shells[i].created.Before(shells[j].created)
		}
		return shells[i].id < shells[j].id
	})
	items := make([]string, len(shells))
	for i, sh := range shells {
		items[i] = shellXML(sh, now)
	}
	return items
}

// takeItems splits off at most this many items that fit an answer of this many bytes.
func takeItems(items []string, most, envelope int) (batch, rest []string) {
	room := envelope - envelopeRoom
	n := 0
	for n < len(items) && n < min(most, maxBatch) && len(items[n]) <= room {
		room -= len(items[n])
		n++
	}
	if n == 0 {
		return nil, items
	}
	return items[:n], items[n:]
}

// openContext remembers what is still to be pulled; mu must be held.
func (s *Server) openContext(items []string, now time.Time) *enumContext {
	s.dropContexts(now)
	if len(s.contexts) == maxContexts {
		s.contexts = s.contexts[1:]
	}
	ctx := &enumContext{newGUID(), items, now.Add(contextLife)}
	s.contexts = append(s.contexts, ctx)
	return ctx
}

// dropContexts forgets those nobody pulled in time; mu must be held.
func (s *Server) dropContexts(now time.Time) {
	kept := s.contexts[:0]
	for _, ctx := range s.contexts {
		if now.Before(ctx.until) {
			kept = append(kept, ctx)
		}
	}
	clear(s.contexts[len(kept):])
	s.contexts = kept
}

// takeContext removes and returns the context a request names; mu must be held.
func (s *Server) takeContext(body *element, now time.Time) *enumContext {
	s.dropContexts(now)
	id := strings.ToUpper(strings.TrimPrefix(body.child(nsEnumerate, "EnumerationContext").value(), "uuid:"))
	for i, ctx := range s.contexts {
		if ctx.id == id {
			s.contexts = append(s.contexts[:i], s.contexts[i+1:]...)
			return ctx
		}
	}
	return nil
}

// pull answers the next items.
func (s *Server) pull(c *call) (*reply, error) {
	body := c.req.body
	if !body.is(nsEnumerate, "Pull") {
		return nil, bodyFault(body)
	}
	most := 1
	if m, ok := parseSize(body.child(nsEnumerate, "MaxElements").value()); ok {
		most = m
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	ctx := s.takeContext(body, now)
	if ctx == nil {
		return nil, newFault(codeEnumerationContext, "")
	}
	batch, rest := takeItems(ctx.items, most, c.envelope)
	if batch == nil && len(rest) > 0 {
		return nil, newFault(codeEnvelopeExceeded, "")
	}
	id, end := "", "<n:EndOfSequence/>"
	if len(rest) > 0 {
		ctx.items, ctx.until = rest, now.Add(contextLife)
		s.contexts = append(s.contexts, ctx)
		id, end = "<n:EnumerationContext>uuid:"+ctx.id+"</n:EnumerationContext>", ""
	}
	return &reply{actionPull + "Response",
		"<n:PullResponse>" + id + "<n:Items>" + strings.Join(batch, "") + "</n:Items>" + end + "</n:PullResponse>"}, nil
}

// release ends an enumeration early.
func (s *Server) release(c *call) (*reply, error) {
	if !c.req.body.is(nsEnumerate, "Release") {
		return nil, bodyFault(c.req.body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.takeContext(c.req.body, time.Now()) == nil {
		return nil, newFault(codeEnumerationContext, "")
	}
	return &reply{actionRelease + "Response", ""}, nil
}
