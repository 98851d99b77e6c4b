package powershell

import (
	"strings"
	"time"
)

// goLayouts are the parts of .NET custom formats in Go's notation, longest first.
var goLayouts = []struct{ net, layout string }{
	{"yyyy", "2006"}, {"yy", "06"}, {"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"},
	{"dddd", "Monday"}, {"ddd", "Mon"}, {"dd", "02"}, {"d", "2"}, {"HH", "15"}, {"H", "15"}, {"hh", "03"}, {"h", "3"},
	{"mm", "04"}, {"m", "4"}, {"ss", "05"}, {"s", "5"}, {"tt", "PM"}, {"zzz", "-07:00"}, {"K", "Z07:00"},
}

// parseExact reads a date in one format.
func parseExact(text, format string, zone *time.Location) (Value, error) {
	bad := throwNet("System.FormatException", "String was not recognized as a valid DateTime.")
	if f, ok := standardFormats[(format + " ")[0]]; ok && len(format) == 1 {
		format = f
	}
	var layout strings.Builder
	zoned := false
	for i := 0; i < len(format); {
		if c := format[i]; c == '\'' || c == '"' {
			end := strings.IndexByte(format[i+1:], c)
			if end < 0 {
				return nil, bad
			}
			layout.WriteString(format[i+1 : i+1+end])
			i += end + 2
			continue
		}
		if format[i] == '\\' && i+1 < len(format) {
			layout.WriteByte(format[i+1])
			i += 2
			continue
		}
		if format[i] == 'f' || format[i] == 'F' {
			n := len(format[i:]) - len(strings.TrimLeft(format[i:], format[i:i+1]))
			digit := "0"
			if format[i] == 'F' {
				digit = "9"
			}
			layout.WriteString(strings.Repeat(digit, n))
			i += n
			continue
		}
		found := false
		for _, p := range goLayouts {
			if strings.HasPrefix(format[i:], p.net) {
				layout.WriteString(p.layout)
				zoned = zoned || p.net == "zzz" || p.net == "K"
				i += len(p.net)
				found = true
				break
			}
		}
		if !found {
			layout.WriteByte(format[i])
			i++
		}
	}
	t, err := time.Parse(layout.String(), text)
	if err != nil {
		if t, err = time.Parse(strings.TrimSuffix(layout.String(), "Z07:00"), text); err != nil {
			return nil, bad
		}
		zoned = false
	}
	if zoned {
		return LocalTime(t, zone), nil
	}
	return DateTime{ticksOf(t), Unspecified}, nil
}
