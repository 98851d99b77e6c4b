package winrm

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// FaultKind says what an injected fault does to the request it meets.
type FaultKind string

// The kinds of faults. Those marked * come before or after execution, as When says.
const (
	// FaultPass does nothing; it is a place in a script.
	FaultPass FaultKind = "pass"
	// FaultDelay only waits, as long as the delay says.
	FaultDelay FaultKind = "delay"
	// FaultReset * resets the TCP connection: the request is lost, or its reply.
	FaultReset FaultKind = "reset"
	// FaultHalfOpen * never answers, and keeps the connection until the client closes it.
	FaultHalfOpen FaultKind = "half-open"
	// FaultStatus * answers with a bare HTTP status, 503 unless Status says otherwise.
	FaultStatus FaultKind = "status"
	// FaultSOAP * answers with the SOAP fault of Code.
	FaultSOAP FaultKind = "soap-fault"
	// FaultQuota is FaultSOAP with the code of the shell quota, or of the operation quota for other actions than Create.
	FaultQuota FaultKind = "quota"
	// FaultAccessDenied is FaultSOAP with code 5.
	FaultAccessDenied FaultKind = "access-denied"
	// FaultRestart * restarts the WinRM service: all shells and connections vanish.
	FaultRestart FaultKind = "restart"
	// FaultFreeze * freezes the host; the request goes on when it thaws.
	FaultFreeze FaultKind = "freeze"
	// FaultStop * takes the host down: closed ports, no shells, until Resume.
	FaultStop FaultKind = "stop"
	// FaultPowerCut * takes the host's power away: nobody is told, see CutPower; until Resume.
	FaultPowerCut FaultKind = "power-cut"
	// FaultResetBody executes, answers half of the body and resets.
	FaultResetBody FaultKind = "reset-body"
	// FaultEmptyBody executes and answers with an empty body.
	FaultEmptyBody FaultKind = "empty-body"
	// FaultTruncated executes and answers with the first half of the XML, as if it were all.
	FaultTruncated FaultKind = "truncated"
	// FaultGarbage executes and answers with random bytes.
	FaultGarbage FaultKind = "garbage"
	// FaultSlow executes and answers BytesPerSecond, 100 unless set.
	FaultSlow FaultKind = "slow"
	// FaultLocalized makes whatever fault comes of the request speak Language.
	FaultLocalized FaultKind = "localized"
)

// When a fault acts.
const (
	// Before execution: the request has no effect.
	Before = "before"
	// After execution: the effect is there, its report is not.
	After = "after"
)

// Layers a damaged body can be damaged in.
const (
	// LayerSOAP damages the SOAP message; on a sealed connection it is sealed after that.
	LayerSOAP = "soap"
	// LayerHTTP damages the HTTP body, sealing included.
	LayerHTTP = "http"
)

// Distributions of a delay.
const (
	DelayFixed       = "fixed"       // DelayMillis
	DelayUniform     = "uniform"     // between DelayMillis and DelayMaxMillis
	DelayExponential = "exponential" // mean DelayMillis, cut at DelayMaxMillis when that is set
)

// Fault is one armed disturbance. Armed faults form a queue: a request meets
// the first one that fits its action, so a script is a row of faults with
// Count 1, FaultPass where nothing shall happen. FaultDelay and FaultLocalized
// stand beside the queue: they act together with what else a request meets.
type Fault struct {
	// ID is given by Arm.
	ID string `json:"id,omitempty"`
	// Kind is what happens.
	Kind FaultKind `json:"kind"`
	// Action restricts it to one action, by its short name; empty means any.
	Action string `json:"action,omitempty"`
	// When is before (default) or after execution, for the kinds that have both.
	When string `json:"when,omitempty"`
	// Skip lets so many fitting requests pass first.
	Skip int `json:"skip,omitempty"`
	// Count is on how many requests it acts before it is gone; 0 means once, -1 until disarmed.
	Count int `json:"count,omitempty"`
	// Probability, between 0 and 1, that it acts on a fitting request; 0 means always. A request it spares does not count.
	Probability float64 `json:"probability,omitempty"`
	// DelayMillis is waited before anything else, for any kind; see Distribution.
	DelayMillis    int    `json:"delayMillis,omitempty"`
	DelayMaxMillis int    `json:"delayMaxMillis,omitempty"`
	Distribution   string `json:"distribution,omitempty"` // fixed (default), uniform, exponential
	// Status of FaultStatus.
	Status int `json:"status,omitempty"`
	// Code of FaultSOAP: a WS-Management or Win32 code; Text replaces its message.
	Code uint32 `json:"code,omitempty"`
	Text string `json:"text,omitempty"`
	// Language of FaultLocalized: de-DE or ja-JP; any fault may set it too.
	Language string `json:"language,omitempty"`
	// BytesPerSecond of FaultSlow.
	BytesPerSecond int `json:"bytesPerSecond,omitempty"`
	// Layer of the damage for FaultEmptyBody, FaultTruncated and FaultGarbage: soap (default) or http.
	Layer string `json:"layer,omitempty"`
	// Hits is how often it acted; set by Faults.
	Hits int `json:"hits,omitempty"`
}

// faultKinds are all kinds; the value tells whether When may be after.
var faultKinds = map[FaultKind]bool{
	FaultPass: false, FaultDelay: false, FaultLocalized: false,
	FaultReset: true, FaultHalfOpen: true, FaultStatus: true, FaultSOAP: true, FaultQuota: true, FaultAccessDenied: true,
	FaultRestart: true, FaultFreeze: true, FaultStop: true, FaultPowerCut: true,
	FaultResetBody: false, FaultEmptyBody: false, FaultTruncated: false, FaultGarbage: false, FaultSlow: false,
}

// maxFaults is how many may be armed at once on one host.
const maxFaults = 1000

// maxDelay bounds a delay: one hour.
const maxDelayMillis = 3_600_000

// check refuses a fault that makes no sense and fills defaults in.
func (f *Fault) check() error {
	both, ok := faultKinds[f.Kind]
	bad := func(field string, value any, fix string) error {
		return fmt.Errorf("winrm: fault %s: %s is %v: %s", f.Kind, field, value, fix)
	}
	switch {
	case !ok:
		return fmt.Errorf("winrm: fault kind %q is not known", f.Kind)
	case f.Action != "" && !knownActions()[f.Action]:
		return bad("action", f.Action, "give the short name of an action, such as Receive, or none")
	case f.When != "" && f.When != Before && f.When != After:
		return bad("when", f.When, "give before or after")
	case f.When == After && !both:
		return bad("when", f.When, "this kind has no choice of when")
	case f.Skip < 0:
		return bad("skip", f.Skip, "give 0 or more")
	case f.Count < -1:
		return bad("count", f.Count, "give a number of requests, or -1 for no end")
	case f.Probability < 0 || f.Probability > 1:
		return bad("probability", f.Probability, "give a number between 0 and 1")
	case f.DelayMillis < 0 || f.DelayMillis > maxDelayMillis || f.DelayMaxMillis < 0 || f.DelayMaxMillis > maxDelayMillis:
		return bad("delayMillis", f.DelayMillis, fmt.Sprintf("give at most %d", maxDelayMillis))
	case f.Distribution != "" && f.Distribution != DelayFixed && f.Distribution != DelayUniform && f.Distribution != DelayExponential:
		return bad("distribution", f.Distribution, "give fixed, uniform or exponential")
	case f.Distribution == DelayUniform && f.DelayMaxMillis < f.DelayMillis:
		return bad("delayMaxMillis", f.DelayMaxMillis, "give at least delayMillis")
	case f.Status != 0 && (f.Status < 300 || f.Status > 599):
		return bad("status", f.Status, "give an HTTP status between 300 and 599")
	case f.Kind == FaultSOAP && f.Code == 0:
		return bad("code", f.Code, "give the code of a fault")
	case f.Language != "" && !knownLanguage(f.Language):
		return bad("language", f.Language, "give en-US, de-DE or ja-JP")
	case f.Kind == FaultLocalized && f.Language == "":
		return bad("language", `""`, "give de-DE or ja-JP")
	case f.BytesPerSecond < 0:
		return bad("bytesPerSecond", f.BytesPerSecond, "give 1 or more")
	case f.Layer != "" && f.Layer != LayerSOAP && f.Layer != LayerHTTP:
		return bad("layer", f.Layer, "give soap or http")
	}
	f.fill()
	return nil
}

func (f *Fault) fill() {
	if f.When == "" {
		f.When = Before
	}
	if f.Count == 0 {
		f.Count = 1
	}
	if f.Kind == FaultStatus && f.Status == 0 {
		f.Status = 503
	}
	if f.Kind == FaultSlow && f.BytesPerSecond == 0 {
		f.BytesPerSecond = 100
	}
	if f.Layer == "" {
		f.Layer = LayerSOAP
	}
}

// isSOAP tells whether the fault answers with a SOAP fault.
func (f *Fault) isSOAP() bool {
	return f.Kind == FaultSOAP || f.Kind == FaultQuota || f.Kind == FaultAccessDenied
}

// soap is the fault it answers with.
func (f *Fault) soap(action string) *soapFault {
	code := f.Code
	switch f.Kind {
	case FaultAccessDenied:
		code = codeAccessDenied
	case FaultQuota:
		if code = codeQuotaOperations; action == ActionCreate {
			code = codeQuotaShells
		}
	}
	if f.Text == "" {
		return newFault(code, "")
	}
	return newFault(code, "%s", f.Text)
}

// injector holds the armed faults of a host.
type injector struct {
	mu     sync.Mutex
	queue  []*Fault
	dice   *rand.Rand
	nextID int
}

func newInjector(seed uint64) *injector {
	return &injector{dice: rand.New(rand.NewPCG(seed, 0))}
}

// verdict is what the armed faults say about one request.
type verdict struct {
	delay    time.Duration // waited first
	language string        // of fault texts; empty: the host's
	fault    *Fault        // nil when nothing else happens
}

// pick asks the queue about a request of this action. FaultDelay and
// FaultLocalized that fit are added up; of the others the first that fits acts.
func (in *injector) pick(action string) verdict {
	in.mu.Lock()
	defer in.mu.Unlock()
	var v verdict
	spared := false
	kept := in.queue[:0]
	for _, f := range in.queue {
		background := f.Kind == FaultDelay || f.Kind == FaultLocalized
		fits := (f.Action == "" || f.Action == action) && (background || v.fault == nil)
		if fits && in.acts(f) {
			v.delay += in.delay(f)
			if f.Language != "" {
				v.language = f.Language
			}
			if !background {
				picked := *f
				v.fault = &picked
			}
		} else if fits && !background {
			spared, v.fault = true, f // the request is over with, those behind do not act on it
		}
		if f.Count != 0 {
			kept = append(kept, f)
		}
	}
	clear(in.queue[len(kept):])
	in.queue = kept
	if spared {
		v.fault = nil
	}
	return v
}

// acts tells whether a fault that fits acts this time, and counts; mu must be held.
func (in *injector) acts(f *Fault) bool {
	if f.Skip > 0 {
		f.Skip--
		return false
	}
	if f.Probability > 0 && in.dice.Float64() >= f.Probability {
		return false
	}
	f.Hits++
	if f.Count > 0 {
		f.Count--
	}
	return true
}

// delay throws the dice for a delay; mu must be held.
func (in *injector) delay(f *Fault) time.Duration {
	ms := float64(f.DelayMillis)
	switch f.Distribution {
	case DelayUniform:
		ms += in.dice.Float64() * float64(f.DelayMaxMillis-f.DelayMillis)
	case DelayExponential:
		ms *= in.dice.ExpFloat64()
		if f.DelayMaxMillis > 0 {
			ms = min(ms, float64(f.DelayMaxMillis))
		}
		ms = min(ms, maxDelayMillis)
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// Arm puts faults at the end of the queue and returns their ids. Either all
// are taken or none.
func (s *Server) Arm(faults ...Fault) ([]string, error) {
	for i := range faults {
		if err := faults[i].check(); err != nil {
			return nil, err
		}
	}
	in := s.faults
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.queue)+len(faults) > maxFaults {
		return nil, fmt.Errorf("winrm: %d faults are armed and %d more were asked for: the limit is %d", len(in.queue), len(faults), maxFaults)
	}
	ids := make([]string, len(faults))
	for i, f := range faults {
		in.nextID++
		f.ID, f.Hits = strconv.Itoa(in.nextID), 0
		ids[i] = f.ID
		in.queue = append(in.queue, &f)
	}
	return ids, nil
}

// Disarm takes a fault back; false when it is not armed (any more).
func (s *Server) Disarm(id string) bool {
	in := s.faults
	in.mu.Lock()
	defer in.mu.Unlock()
	for i, f := range in.queue {
		if f.ID == id {
			in.queue = append(in.queue[:i], in.queue[i+1:]...)
			return true
		}
	}
	return false
}

// DisarmAll takes all faults back.
func (s *Server) DisarmAll() {
	in := s.faults
	in.mu.Lock()
	defer in.mu.Unlock()
	in.queue = nil
}

// Faults lists what is armed, in order.
func (s *Server) Faults() []Fault {
	in := s.faults
	in.mu.Lock()
	defer in.mu.Unlock()
	list := make([]Fault, len(in.queue))
	for i, f := range in.queue {
		list[i] = *f
	}
	return list
}
