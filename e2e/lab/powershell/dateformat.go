package powershell

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// standardFormats are the one-letter date formats of culture en-US.
var standardFormats = map[byte]string{
	'd': "M/d/yyyy", 'D': "dddd, MMMM d, yyyy", 't': "h:mm tt", 'T': "h:mm:ss tt",
	'f': "dddd, MMMM d, yyyy h:mm tt", 'F': "dddd, MMMM d, yyyy h:mm:ss tt",
	'g': "M/d/yyyy h:mm tt", 'G': "M/d/yyyy h:mm:ss tt",
	'm': "MMMM d", 'M': "MMMM d", 'y': "MMMM yyyy", 'Y': "MMMM yyyy",
	's': "yyyy'-'MM'-'dd'T'HH':'mm':'ss", 'u': "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
	'r': "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'", 'R': "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
	'o': "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK", 'O': "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
}

// invariantDate is the form strings are made in: "$date".
const invariantDate = "MM/dd/yyyy HH:mm:ss"

// formatDate writes a date in a standard or custom .NET format.
func formatDate(d DateTime, format string, zone *time.Location) (string, error) {
	if format == "" {
		format = "G"
	}
	if len(format) == 1 {
		if format == "U" {
			d, format = UTCTime(d.Time(zone)), "F"
		}
		f, ok := standardFormats[format[0]]
		if !ok {
			return "", throwNet("System.FormatException", "Input string was not in a correct format.")
		}
		format = f
	}
	format = strings.TrimPrefix(format, "%")
	w := d.wall()
	var sb strings.Builder
	for i := 0; i < len(format); {
		c := format[i]
		n := 1
		for i+n < len(format) && format[i+n] == c {
			n++
		}
		switch c {
		case '\'', '"':
			end := strings.IndexByte(format[i+1:], c)
			if end < 0 {
				return "", throwNet("System.FormatException", "Input string was not in a correct format.")
			}
			sb.WriteString(format[i+1 : i+1+end])
			i += end + 2
			continue
		case '\\':
			if i+1 < len(format) {
				sb.WriteByte(format[i+1])
			}
			i += 2
			continue
		}
		if !datePart(&sb, c, n, d, w, zone) {
			n = 1
			sb.WriteByte(c)
		}
		i += n
	}
	return sb.String(), nil
}

// datePart writes one run of a format letter, and tells false when it is none.
func datePart(sb *strings.Builder, c byte, n int, d DateTime, w time.Time, zone *time.Location) bool {
	switch c {
	case 'y':
		if n <= 2 {
			pad(sb, w.Year()%100, n)
		} else {
			pad(sb, w.Year(), n)
		}
	case 'M':
		monthPart(sb, n, w)
	case 'd':
		dayPart(sb, n, w)
	case 'H':
		pad(sb, w.Hour(), min(n, 2))
	case 'h':
		pad(sb, (w.Hour()+11)%12+1, min(n, 2))
	case 'm':
		pad(sb, w.Minute(), min(n, 2))
	case 's':
		pad(sb, w.Second(), min(n, 2))
	case 'f', 'F':
		f := fmt.Sprintf("%07d", d.Ticks%ticksPerSecond)[:min(n, 7)]
		if c == 'F' {
			f = strings.TrimRight(f, "0")
		}
		sb.WriteString(f)
	case 't':
		sb.WriteString(w.Format("PM")[:min(n, 2)])
	case 'z':
		zonePart(sb, n, d, zone)
	case 'K':
		switch d.Kind.shown() {
		case UTC:
			sb.WriteByte('Z')
		case Local:
			zonePart(sb, 3, d, zone)
		}
	case 'g':
		sb.WriteString("A.D.")
	default:
		return false
	}
	return true
}

func monthPart(sb *strings.Builder, n int, w time.Time) {
	switch {
	case n <= 2:
		pad(sb, int(w.Month()), n)
	case n == 3:
		sb.WriteString(w.Month().String()[:3])
	default:
		sb.WriteString(w.Month().String())
	}
}

func dayPart(sb *strings.Builder, n int, w time.Time) {
	switch {
	case n <= 2:
		pad(sb, w.Day(), n)
	case n == 3:
		sb.WriteString(w.Weekday().String()[:3])
	default:
		sb.WriteString(w.Weekday().String())
	}
}

func zonePart(sb *strings.Builder, n int, d DateTime, zone *time.Location) {
	_, offset := d.Time(zone).Zone()
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	sb.WriteString(sign)
	h, m := offset/3600, offset/60%60
	switch n {
	case 1:
		sb.WriteString(strconv.Itoa(h))
	case 2:
		pad(sb, h, 2)
	default:
		pad(sb, h, 2)
		sb.WriteByte(':')
		pad(sb, m, 2)
	}
}

// formatSpan writes a TimeSpan in format c, g, G or a custom one.
func formatSpan(t TimeSpan, format string) (string, error) {
	switch format {
	case "", "c", "t", "T":
		return t.String(), nil
	case "g":
		n := t
		sign := ""
		if n < 0 {
			sign, n = "-", -n
		}
		s := fmt.Sprintf("%d:%02d:%02d", n/ticksPerHour%24, n/ticksPerMinute%60, n/ticksPerSecond%60)
		if d := n / ticksPerDay; d > 0 {
			s = fmt.Sprintf("%d:%s", d, s)
		}
		if f := n % ticksPerSecond; f > 0 {
			s += "." + strings.TrimRight(fmt.Sprintf("%07d", f), "0")
		}
		return sign + s, nil
	case "G":
		n := t
		sign := ""
		if n < 0 {
			sign, n = "-", -n
		}
		return fmt.Sprintf("%s%d:%02d:%02d:%02d.%07d", sign, n/ticksPerDay, n/ticksPerHour%24, n/ticksPerMinute%60, n/ticksPerSecond%60, n%ticksPerSecond), nil
	}
	return customSpan(t, format)
}

func customSpan(t TimeSpan, format string) (string, error) {
	n := int64(t)
	if n < 0 {
		n = -n
	}
	format = strings.TrimPrefix(format, "%")
	var sb strings.Builder
	for i := 0; i < len(format); {
		c := format[i]
		run := 1
		for i+run < len(format) && format[i+run] == c {
			run++
		}
		switch c {
		case 'd':
			pad(&sb, int(n/ticksPerDay), run)
		case 'h':
			pad(&sb, int(n/ticksPerHour%24), run)
		case 'm':
			pad(&sb, int(n/ticksPerMinute%60), run)
		case 's':
			pad(&sb, int(n/ticksPerSecond%60), run)
		case 'f', 'F':
			sb.WriteString(fmt.Sprintf("%07d", n%ticksPerSecond)[:min(run, 7)])
		case '\\':
			if i+1 < len(format) {
				sb.WriteByte(format[i+1])
			}
			run = 2
		case '\'', '"':
			end := strings.IndexByte(format[i+1:], c)
			if end < 0 {
				return "", throwNet("System.FormatException", "Input string was not in a correct format.")
			}
			sb.WriteString(format[i+1 : i+1+end])
			run = end + 2
		default:
			return "", throwNet("System.FormatException", "Input string was not in a correct format.")
		}
		i += run
	}
	return sb.String(), nil
}
