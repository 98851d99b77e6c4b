package powershell

import (
	"fmt"
	"strings"
	"time"
)

func timeCmdlets() []*Cmdlet {
	return []*Cmdlet{
		{Name: "Get-Date", Parameters: parameters("Date:datetime,pos=0,value,name,alias=LastWriteTime", "Year:int", "Month:int", "Day:int", "Hour:int", "Minute:int", "Second:int", "Millisecond:int",
			"DisplayHint:string", "Format:string", "UFormat:string"), Process: getDate},
		{Name: "New-TimeSpan", DefaultSet: "Date", Parameters: parameters("Start:datetime,pos=0,value,name,set=Date,alias=LastWriteTime", "End:datetime,pos=1,name,set=Date",
			"Days:int,set=Time", "Hours:int,set=Time", "Minutes:int,set=Time", "Seconds:int,set=Time"), Process: newTimeSpan},
		{Name: "Start-Sleep", Aliases: []string{"sleep"}, DefaultSet: "Seconds", Parameters: parameters("Seconds:int,pos=0,mandatory,value,name,set=Seconds", "Milliseconds:int,mandatory,name,set=Milliseconds"), Process: startSleep},
		{Name: "Measure-Command", Parameters: parameters("Expression:scriptblock,pos=0,mandatory", "InputObject:psobject,value"), Process: func(c *Call) error {
			start := c.Now()
			if err := c.s.inline(c.Value("Expression").(*ScriptBlock), c.Input, func(Value) error { return nil }); err != nil {
				return err
			}
			return c.Write(Span(c.Now().Sub(start)))
		}},
		{Name: "New-Guid", Process: func(c *Call) error {
			g, err := typeGuid.statics.methods["newguid"].call(c.s, nil)
			if err != nil {
				return err
			}
			return c.Write(g)
		}},
	}
}

func getDate(c *Call) error {
	d := LocalTime(c.Now(), c.Zone())
	if v, ok := c.Value("Date").(DateTime); ok {
		d = v
	}
	w := d.wall()
	n := []int{w.Year(), int(w.Month()), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond() / 1e6}
	changed := false
	for i, name := range []string{"Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond"} {
		if c.Has(name) {
			n[i], changed = int(c.Int(name)), true
		}
	}
	if changed {
		d.Ticks = ticksOf(time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1e6, time.UTC))
	}
	switch {
	case c.Has("Format"):
		text, err := formatDate(d, namedFormat(c.String("Format")), c.Zone())
		if err != nil {
			return err
		}
		return c.Write(text)
	case c.Has("UFormat"):
		text, err := unixFormat(d, c.String("UFormat"), c.Zone())
		if err != nil {
			return err
		}
		return c.Write(text)
	}
	return c.Write(d)
}

// namedFormat gives the format behind the names Get-Date knows.
func namedFormat(f string) string {
	switch strings.ToLower(f) {
	case "filedate":
		return "yyyyMMdd"
	case "filedateuniversal":
		return "yyyyMMddZ"
	case "filedatetime":
		return "yyyyMMddTHHmmssffff"
	case "filedatetimeuniversal":
		return "yyyyMMddTHHmmssffffZ"
	}
	return f
}

var unixParts = map[byte]string{'Y': "yyyy", 'm': "MM", 'd': "dd", 'H': "HH", 'M': "mm", 'S': "ss", 'y': "yy", 'b': "MMM", 'B': "MMMM", 'a': "ddd", 'A': "dddd", 'j': "", 'p': "tt", 'I': "hh", 'Z': "zz"}

func unixFormat(d DateTime, format string, zone *time.Location) (string, error) {
	var sb strings.Builder
	format = strings.TrimPrefix(format, "+")
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			sb.WriteByte(format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case '%':
			sb.WriteByte('%')
		case 's':
			fmt.Fprint(&sb, d.Time(zone).Unix())
		case 'T':
			t, _ := formatDate(d, "HH:mm:ss", zone)
			sb.WriteString(t)
		default:
			net, ok := unixParts[c]
			if !ok || net == "" {
				return "", throwNet("System.FormatException", "The format %%%c is not supported.", c)
			}
			t, err := formatDate(d, net, zone)
			if err != nil {
				return "", err
			}
			sb.WriteString(t)
		}
	}
	return sb.String(), nil
}

func newTimeSpan(c *Call) error {
	if c.Set() == "Time" {
		n := c.Int("Days")*ticksPerDay + c.Int("Hours")*ticksPerHour + c.Int("Minutes")*ticksPerMinute + c.Int("Seconds")*ticksPerSecond
		return c.Write(TimeSpan(n))
	}
	now := LocalTime(c.Now(), c.Zone())
	start, ok := c.Value("Start").(DateTime)
	if !ok {
		start = now
	}
	end, ok := c.Value("End").(DateTime)
	if !ok {
		end = now
	}
	return c.Write(TimeSpan(end.Ticks - start.Ticks))
}

// maxSleep is the longest Start-Sleep takes, in seconds.
const maxSleep = 2147483

func startSleep(c *Call) error {
	d := time.Duration(c.Int("Seconds")) * time.Second
	if c.Has("Milliseconds") {
		d = time.Duration(c.Int("Milliseconds")) * time.Millisecond
	}
	if d < 0 || d > maxSleep*time.Second {
		return c.Fail(badArgument("ParameterArgumentValidationError", "Cannot validate argument on parameter 'Seconds'. The argument is out of the range of 0 to %d.", maxSleep))
	}
	return c.Sleep(d)
}
