package powershell

import (
	"strconv"
	"strings"
	"time"
)

// DateTimeKind says what clock a DateTime is read on.
type DateTimeKind uint8

// The kinds of .NET.
const (
	Unspecified DateTimeKind = iota
	UTC
	Local
	// localEarlier is Local to whoever asks. When clocks are set back an hour
	// comes twice; .NET keeps with a time made from UTC that it was in the first.
	localEarlier
)

// shown is the kind as scripts see it.
func (k DateTimeKind) shown() DateTimeKind {
	if k == localEarlier {
		return Local
	}
	return k
}

// DateTime is a .NET DateTime: ticks of 100 ns since 0001-01-01 on the clock of
// its kind.
type DateTime struct {
	Ticks int64
	Kind  DateTimeKind
}

// Ticks in longer units, and the ticks of the Unix epoch.
const (
	ticksPerMillisecond = 10_000
	ticksPerSecond      = 1000 * ticksPerMillisecond
	ticksPerMinute      = 60 * ticksPerSecond
	ticksPerHour        = 60 * ticksPerMinute
	ticksPerDay         = 24 * ticksPerHour
	unixEpochTicks      = 621_355_968_000_000_000
	maxTicks            = 3_155_378_975_999_999_999
)

// UTCTime makes a DateTime of kind UTC.
func UTCTime(t time.Time) DateTime { return DateTime{ticksOf(t.UTC()), UTC} }

// LocalTime makes a DateTime of kind Local in a zone.
func LocalTime(t time.Time, zone *time.Location) DateTime {
	t = t.In(zone)
	_, offset := t.Zone()
	d := DateTime{ticksOf(t) + int64(offset)*ticksPerSecond, Local}
	if !d.Time(zone).Equal(t.Truncate(100)) {
		d.Kind = localEarlier
	}
	return d
}

func ticksOf(t time.Time) int64 {
	return t.Unix()*ticksPerSecond + int64(t.Nanosecond())/100 + unixEpochTicks
}

// wall is the clock reading as a Go time that pretends to be UTC.
func (d DateTime) wall() time.Time {
	n := d.Ticks - unixEpochTicks
	sec := n / ticksPerSecond
	rest := n % ticksPerSecond
	return time.Unix(sec, rest*100).UTC()
}

// Time is the moment a DateTime stands for; local and unspecified ones are read
// in zone. A reading that comes twice is the later one, as .NET takes it,
// unless the DateTime knows better.
func (d DateTime) Time(zone *time.Location) time.Time {
	w := d.wall()
	if d.Kind == UTC {
		return w
	}
	t := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), zone)
	for _, near := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := t.Add(near).Zone()
		other := w.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, real := other.Zone(); real == offset && other.After(t) == (d.Kind != localEarlier) {
			t = other
		}
	}
	return t
}

func (d DateTime) add(t TimeSpan) (DateTime, error) {
	n := d.Ticks + int64(t)
	if n < 0 || n > maxTicks {
		return d, throwNet("System.ArgumentOutOfRangeException", "The added or subtracted value results in an un-representable DateTime.\r\nParameter name: value")
	}
	return DateTime{n, d.Kind}, nil
}

// dateLayouts are the forms dates are read in, besides ISO 8601.
var dateLayouts = []string{
	"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05",
	"1/2/2006", "1/2/2006 15:04", "1/2/2006 15:04:05", "1/2/2006 3:04 PM", "1/2/2006 3:04:05 PM",
	"2006/1/2", "2006/1/2 15:04", "2006/1/2 15:04:05", "2006-1-2", "20060102T150405",
	"2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006", "2 January 2006 15:04:05",
	"Monday, January 2, 2006", "Monday, January 2, 2006 3:04:05 PM", "Mon, 02 Jan 2006 15:04:05 GMT",
}

// parseDateTime reads a date the way the invariant culture does; now gives the
// day of a mere time.
func parseDateTime(text string, zone *time.Location, now time.Time) (DateTime, bool) {
	text = strings.TrimSpace(text)
	for _, l := range []string{"2006-01-02T15:04:05.9999999Z07:00", "2006-01-02 15:04:05.9999999Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -07:00"} {
		if t, err := time.Parse(l, text); err == nil {
			return LocalTime(t, zone), true
		}
	}
	upper := strings.NewReplacer(" am", " AM", " pm", " PM").Replace(text)
	for _, l := range dateLayouts {
		if t, err := time.Parse(l, upper); err == nil {
			if strings.HasSuffix(l, "GMT") {
				return LocalTime(t, zone), true
			}
			return DateTime{ticksOf(t), Unspecified}, true
		}
	}
	for _, l := range []string{"15:04", "15:04:05", "3:04 PM", "3:04:05 PM"} {
		if t, err := time.Parse(l, upper); err == nil {
			now = now.In(zone)
			t = time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
			return DateTime{ticksOf(t), Unspecified}, true
		}
	}
	return DateTime{}, false
}

// TimeSpan is a .NET TimeSpan in ticks of 100 ns.
type TimeSpan int64

// Span makes a TimeSpan of a duration.
func Span(d time.Duration) TimeSpan { return TimeSpan(d / 100) }

// Duration gives the span as a duration; spans beyond 292 years saturate.
func (t TimeSpan) Duration() time.Duration {
	const limit = int64(1<<63-1) / 100
	return time.Duration(max(-limit, min(limit, int64(t)))) * 100
}

// String is the constant form: [-][d.]hh:mm:ss[.fffffff].
func (t TimeSpan) String() string {
	var sb strings.Builder
	n := uint64(t)
	if t < 0 {
		sb.WriteByte('-')
		n = -n
	}
	if d := n / ticksPerDay; d > 0 {
		sb.WriteString(strconv.FormatUint(d, 10) + ".")
	}
	pad(&sb, int(n/ticksPerHour%24), 2)
	sb.WriteByte(':')
	pad(&sb, int(n/ticksPerMinute%60), 2)
	sb.WriteByte(':')
	pad(&sb, int(n/ticksPerSecond%60), 2)
	if f := n % ticksPerSecond; f > 0 {
		sb.WriteByte('.')
		pad(&sb, int(f), 7)
	}
	return sb.String()
}

func pad(sb *strings.Builder, n, width int) {
	s := strconv.Itoa(n)
	for range width - len(s) {
		sb.WriteByte('0')
	}
	sb.WriteString(s)
}

// parseTimeSpan reads [-][d.]hh:mm[:ss[.fffffff]] or a number of days.
func parseTimeSpan(text string) (TimeSpan, bool) {
	s := strings.TrimSpace(text)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	var n int64
	day, rest, hasTime := s, "", false
	if i := strings.IndexByte(s, ':'); i >= 0 {
		hasTime = true
		day, rest = "", s
		if j := strings.IndexByte(s[:i], '.'); j >= 0 {
			day, rest = s[:j], s[j+1:]
		}
	}
	if day != "" {
		d, err := strconv.ParseUint(day, 10, 24)
		if err != nil || d > 10_675_199 {
			return 0, false
		}
		n = int64(d) * ticksPerDay
	}
	if hasTime {
		t, ok := parseClock(rest, &day)
		if !ok {
			return 0, false
		}
		n += t
	} else if day == "" {
		return 0, false
	}
	if neg {
		n = -n
	}
	return TimeSpan(n), true
}

func parseClock(text string, day *string) (int64, bool) {
	parts := strings.Split(text, ":")
	var n int64
	if len(parts) == 4 && *day == "" { // d:hh:mm:ss
		d, err := strconv.ParseUint(parts[0], 10, 24)
		if err != nil || d > 10_675_199 {
			return 0, false
		}
		n, parts = int64(d)*ticksPerDay, parts[1:]
	}
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	units := []int64{ticksPerHour, ticksPerMinute, ticksPerSecond}
	limits := []uint64{23, 59, 59}
	for i, p := range parts {
		if i == 2 {
			whole, frac, has := strings.Cut(p, ".")
			if has {
				if frac == "" || len(frac) > 7 {
					return 0, false
				}
				f, err := strconv.ParseUint(frac+strings.Repeat("0", 7-len(frac)), 10, 32)
				if err != nil {
					return 0, false
				}
				n += int64(f)
			}
			p = whole
		}
		v, err := strconv.ParseUint(p, 10, 16)
		if err != nil || v > limits[i] {
			return 0, false
		}
		n += int64(v) * units[i]
	}
	return n, true
}
