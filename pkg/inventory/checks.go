package inventory

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"lifeboat.io/events"
)

// Limits of single fields.
const (
	maxObjectiveMinutes     = 7 * 24 * 60
	minShutdownGraceSeconds = 10
	maxShutdownGraceSeconds = 3600
	maxPort                 = 65535
)

// nameFix says what names in the inventory are made of.
const nameFix = "use letters, digits and . _ - and begin with a letter or digit"

var (
	systemName  = regexp.MustCompile(events.PatternSystem)
	vmID        = regexp.MustCompile(events.PatternVMID)
	accountID   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]*$`)
	plainName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	dnsName     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	thumbprint  = regexp.MustCompile(`^[0-9A-F]{40}$`)
	fingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)
	spn         = regexp.MustCompile(`^[A-Za-z]+/[A-Za-z0-9][A-Za-z0-9.-]*$`)
	controlChar = regexp.MustCompile(`[\x00-\x1f\x7f]`)
)

func isVMID(s string) bool { return vmID.MatchString(s) }

// missing tells of a field that has to be there.
func (c *checker) missing(path string) { c.add(path, "", "is missing", "give it a value") }

// match checks a name or identifier.
func (c *checker) match(path, value string, pattern *regexp.Regexp, longest int, fix string) {
	switch {
	case value == "":
		c.missing(path)
	case len(value) > longest:
		c.add(path, value, fmt.Sprintf("is longer than %d characters", longest), "shorten it")
	case !pattern.MatchString(value):
		c.add(path, value, "has characters that are not allowed here", fix)
	}
}

// text checks a text for people, or a name that Hyper-V lets be anything.
func (c *checker) text(path, value string, longest int) {
	switch {
	case value == "":
		c.missing(path)
	case len([]rune(value)) > longest:
		c.add(path, value, fmt.Sprintf("is longer than %d characters", longest), "shorten it")
	case controlChar.MatchString(value):
		c.add(path, value, "has a control character", "write it in one line without tabs")
	}
}

// between checks a number.
func (c *checker) between(path string, value, low, high int) {
	if value < low || value > high {
		c.add(path, fmt.Sprint(value), "is out of range", fmt.Sprintf("give a whole number from %d to %d", low, high))
	}
}

// enum checks a value against its enumeration.
func (c *checker) enum(path, value string, e events.Enum) {
	switch {
	case value == "":
		c.add(path, "", "is missing", "use one of "+strings.Join(events.Names(e), ", "))
	case !events.Known(e, value):
		c.add(path, value, "is not known", "use one of "+strings.Join(events.Names(e), ", "))
	}
}

// known checks a reference to another part of the document.
func known[V any](c *checker, path, name, what string, among map[string]V) {
	if name == "" {
		c.missing(path)
		return
	}
	if _, ok := among[name]; !ok {
		c.add(path, name, "is no "+what+" of this inventory", fmt.Sprintf("add it to %ss, or use one of %s", what, names(among)))
	}
}

// isHostAddress accepts an IP address or a DNS name.
func isHostAddress(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return isDNSName(s)
}

func isDNSName(s string) bool { return len(s) <= 253 && dnsName.MatchString(s) }

// maxNames bounds how many names a message lists.
const maxNames = 12

// names lists the keys of a map in a message.
func names[V any](m map[string]V) string {
	sorted := slices.Sorted(maps.Keys(m))
	if len(sorted) == 0 {
		return "none, as there are none yet"
	}
	if len(sorted) > maxNames {
		return strings.Join(sorted[:maxNames], ", ") + fmt.Sprintf(" and %d more", len(sorted)-maxNames)
	}
	return strings.Join(sorted, ", ")
}
