package powershell

import (
	"time"
)

func date(v Value) time.Time { return v.(DateTime).wall() }

var enumDayOfWeek = &EnumType{Name: "System.DayOfWeek", Members: []EnumMember{{"Sunday", 0}, {"Monday", 1}, {"Tuesday", 2}, {"Wednesday", 3}, {"Thursday", 4}, {"Friday", 5}, {"Saturday", 6}}}

var enumDateTimeKind = &EnumType{Name: "System.DateTimeKind", Members: []EnumMember{{"Unspecified", 0}, {"Utc", 1}, {"Local", 2}}}

func dateInt(name string, f func(t time.Time) int) Property {
	return get(name, tInt32, func(v Value) Value { return int32(f(date(v))) })
}

var classDateTime = &Class{Name: "System.DateTime", Properties: []Property{
	get("Date", "System.DateTime", func(v Value) Value {
		d := v.(DateTime)
		return DateTime{d.Ticks - d.Ticks%ticksPerDay, d.Kind}
	}),
	dateInt("Day", time.Time.Day),
	get("DayOfWeek", "System.DayOfWeek", func(v Value) Value { return Enum{enumDayOfWeek, int64(date(v).Weekday())} }),
	dateInt("DayOfYear", time.Time.YearDay), dateInt("Hour", time.Time.Hour),
	get("Kind", "System.DateTimeKind", func(v Value) Value { return Enum{enumDateTimeKind, int64(v.(DateTime).Kind.shown())} }),
	dateInt("Millisecond", func(t time.Time) int { return t.Nanosecond() / 1e6 }),
	dateInt("Minute", time.Time.Minute), dateInt("Month", func(t time.Time) int { return int(t.Month()) }),
	dateInt("Second", time.Time.Second),
	get("Ticks", tInt64, func(v Value) Value { return v.(DateTime).Ticks }),
	get("TimeOfDay", "System.TimeSpan", func(v Value) Value { return TimeSpan(v.(DateTime).Ticks % ticksPerDay) }),
	dateInt("Year", time.Time.Year),
	get("DateTime", tString, func(v Value) Value { t, _ := formatDate(v.(DateTime), "F", nil); return t }),
}}

// addUnits makes AddDays and its kin: whole milliseconds, as .NET Framework rounds.
func addUnits(name string, ticks float64) Method {
	return method(name, 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
		n, err := s.convert(a[0], typeFloat64)
		if err != nil {
			return nil, err
		}
		f := n.(float64) * ticks / ticksPerMillisecond
		if f > 4e14 || f < -4e14 || f != f {
			return nil, throwNet("System.ArgumentOutOfRangeException", "Value to add was out of range.\r\nParameter name: value")
		}
		if f >= 0 {
			f += 0.5
		} else {
			f -= 0.5
		}
		return v.(DateTime).add(TimeSpan(int64(f) * ticksPerMillisecond))
	})
}

func addMonths(name string, factor int) Method {
	return method(name, 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
		n, err := s.convert(a[0], typeInt32)
		if err != nil {
			return nil, err
		}
		d := v.(DateTime)
		w := d.wall()
		months := int(w.Month()) - 1 + int(n.(int32))*factor
		year := w.Year() + months/12
		if months %= 12; months < 0 {
			months, year = months+12, year-1
		}
		if year < 1 || year > 9999 {
			return nil, throwNet("System.ArgumentOutOfRangeException", "The added or subtracted value results in an un-representable DateTime.\r\nParameter name: months")
		}
		day := min(w.Day(), time.Date(year, time.Month(months+2), 0, 0, 0, 0, 0, time.UTC).Day())
		first := time.Date(year, time.Month(months+1), day, 0, 0, 0, 0, time.UTC)
		return DateTime{ticksOf(first) + d.Ticks%ticksPerDay, d.Kind}, nil
	})
}

func init() {
	classDateTime.Methods = []Method{
		addUnits("AddDays", ticksPerDay), addUnits("AddHours", ticksPerHour), addUnits("AddMinutes", ticksPerMinute),
		addUnits("AddSeconds", ticksPerSecond), addUnits("AddMilliseconds", ticksPerMillisecond),
		addMonths("AddMonths", 1), addMonths("AddYears", 12),
		method("AddTicks", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			n, err := s.convert(a[0], typeInt64)
			if err != nil {
				return nil, err
			}
			return v.(DateTime).add(TimeSpan(n.(int64)))
		}),
		method("Add", 1, 1, func(s *Session, v Value, a []Value) (Value, error) { return s.dateArithmetic("+", v, a[0]) }),
		method("Subtract", 1, 1, func(s *Session, v Value, a []Value) (Value, error) { return s.dateArithmetic("-", v, a[0]) }),
		method("ToUniversalTime", 0, 0, func(s *Session, v Value, _ []Value) (Value, error) { return UTCTime(v.(DateTime).Time(s.zone)), nil }),
		method("ToLocalTime", 0, 0, func(s *Session, v Value, _ []Value) (Value, error) {
			d := v.(DateTime)
			if d.Kind == Unspecified {
				d.Kind = UTC
			}
			return LocalTime(d.Time(s.zone), s.zone), nil
		}),
		dateString("ToShortDateString", "d"), dateString("ToLongDateString", "D"), dateString("ToShortTimeString", "t"), dateString("ToLongTimeString", "T"),
		method("ToFileTime", 0, 0, fileTime), method("ToFileTimeUtc", 0, 0, fileTime),
		method("ToBinary", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
			return v.(DateTime).Ticks | int64(v.(DateTime).Kind.shown())<<62, nil
		}),
	}
	typeDateTime.statics = dateStatics()
	spanMembers()
}

func fileTime(s *Session, v Value, _ []Value) (Value, error) {
	const epoch = 504_911_232_000_000_000 // 1601-01-01 in ticks
	return UTCTime(v.(DateTime).Time(s.zone)).Ticks - epoch, nil
}

func dateString(name, format string) Method {
	return method(name, 0, 0, func(s *Session, v Value, _ []Value) (Value, error) { return formatDate(v.(DateTime), format, s.zone) })
}

func dateStatics() *statics {
	return &statics{
		properties: map[string]func(*Session) Value{
			"now":    func(s *Session) Value { return LocalTime(s.now(), s.zone) },
			"utcnow": func(s *Session) Value { return UTCTime(s.now()) },
			"today": func(s *Session) Value {
				d := LocalTime(s.now(), s.zone)
				return DateTime{d.Ticks - d.Ticks%ticksPerDay, Local}
			},
			"minvalue": func(*Session) Value { return DateTime{} },
			"maxvalue": func(*Session) Value { return DateTime{Ticks: maxTicks} },
		},
		methods: map[string]staticMethod{
			"parse": {name: "Parse", min: 1, max: 3, call: func(s *Session, a []Value) (Value, error) {
				if d, ok := parseDateTime(s.toString(a[0]), s.zone, s.now()); ok {
					return d, nil
				}
				return nil, throwNet("System.FormatException", "String was not recognized as a valid DateTime.")
			}},
			"parseexact": {name: "ParseExact", min: 3, max: 4, call: func(s *Session, a []Value) (Value, error) {
				return parseExact(s.toString(a[0]), s.toString(a[1]), s.zone)
			}},
			"fromfiletimeutc": {name: "FromFileTimeUtc", min: 1, max: 1, call: func(s *Session, a []Value) (Value, error) {
				n, err := s.convert(a[0], typeInt64)
				if err != nil {
					return nil, err
				}
				return DateTime{n.(int64) + 504_911_232_000_000_000, UTC}, nil
			}},
			"specifykind": {name: "SpecifyKind", min: 2, max: 2, call: func(s *Session, a []Value) (Value, error) {
				d, err := s.convert(a[0], typeDateTime)
				if err != nil {
					return nil, err
				}
				k, err := s.convert(a[1], &Type{Name: enumDateTimeKind.Name, kind: kindEnum, Enum: enumDateTimeKind})
				if err != nil {
					return nil, err
				}
				return DateTime{d.(DateTime).Ticks, DateTimeKind(k.(Enum).Value)}, nil
			}},
			"daysinmonth": {name: "DaysInMonth", min: 2, max: 2, call: func(s *Session, a []Value) (Value, error) {
				y, err1 := s.convert(a[0], typeInt32)
				m, err2 := s.convert(a[1], typeInt32)
				if err1 != nil || err2 != nil {
					return nil, throwNet("System.ArgumentOutOfRangeException", "Month must be between one and twelve.\r\nParameter name: month")
				}
				return int32(time.Date(int(y.(int32)), time.Month(m.(int32)+1), 0, 0, 0, 0, 0, time.UTC).Day()), nil
			}},
		},
		construct: &staticMethod{name: ".ctor", min: 1, max: 8, call: newDate},
	}
}

func newDate(s *Session, a []Value) (Value, error) {
	n := make([]int64, 7)
	kind := Unspecified
	for i, v := range a {
		if e, ok := v.(Enum); ok {
			kind = DateTimeKind(e.Value)
			a = a[:i]
			break
		}
		if t, ok := v.(string); ok && i == len(a)-1 && i > 0 {
			if e, err := enumDateTimeKind.parse(t); err == nil {
				kind = DateTimeKind(e.Value)
				a = a[:i]
				break
			}
		}
		c, err := s.convert(v, typeInt64)
		if err != nil {
			return nil, err
		}
		if i < len(n) {
			n[i] = c.(int64)
		}
	}
	if len(a) == 1 {
		if n[0] < 0 || n[0] > maxTicks {
			return nil, throwNet("System.ArgumentOutOfRangeException", "Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.\r\nParameter name: ticks")
		}
		return DateTime{n[0], kind}, nil
	}
	t := time.Date(int(n[0]), time.Month(n[1]), int(n[2]), int(n[3]), int(n[4]), int(n[5]), int(n[6])*1e6, time.UTC)
	if n[0] < 1 || n[0] > 9999 || t.Year() != int(n[0]) || int64(t.Month()) != n[1] || int64(t.Day()) != n[2] || int64(t.Hour()) != n[3] || int64(t.Minute()) != n[4] {
		return nil, throwNet("System.ArgumentOutOfRangeException", "Year, Month, and Day parameters describe an un-representable DateTime.")
	}
	return DateTime{ticksOf(t), kind}, nil
}

func spanPart(name, typ string, f func(t TimeSpan) Value) Property {
	return get(name, typ, func(v Value) Value { return f(v.(TimeSpan)) })
}

func total(name string, unit float64) Property {
	return spanPart(name, tDouble, func(t TimeSpan) Value { return float64(t) / unit })
}

func part(name string, unit, mod int64) Property {
	return spanPart(name, tInt32, func(t TimeSpan) Value {
		n := int64(t) / unit
		if mod > 0 {
			n %= mod
		}
		return int32(n)
	})
}

var classTimeSpan = &Class{Name: "System.TimeSpan", Properties: []Property{
	spanPart("Ticks", tInt64, func(t TimeSpan) Value { return int64(t) }),
	part("Days", ticksPerDay, 0), part("Hours", ticksPerHour, 24), part("Milliseconds", ticksPerMillisecond, 1000),
	part("Minutes", ticksPerMinute, 60), part("Seconds", ticksPerSecond, 60),
	total("TotalDays", ticksPerDay), total("TotalHours", ticksPerHour), total("TotalMilliseconds", ticksPerMillisecond),
	total("TotalMinutes", ticksPerMinute), total("TotalSeconds", ticksPerSecond),
}, List: []string{"Days", "Hours", "Minutes", "Seconds", "Milliseconds", "Ticks", "TotalDays", "TotalHours", "TotalMinutes", "TotalSeconds", "TotalMilliseconds"}}

func spanMembers() {
	classTimeSpan.Methods = []Method{
		method("Add", 1, 1, func(s *Session, v Value, a []Value) (Value, error) { return s.dateArithmetic("+", v, a[0]) }),
		method("Subtract", 1, 1, func(s *Session, v Value, a []Value) (Value, error) { return s.dateArithmetic("-", v, a[0]) }),
		method("Negate", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return -v.(TimeSpan), nil }),
		method("Duration", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return max(v.(TimeSpan), -v.(TimeSpan)), nil }),
	}
	from := func(name string, unit float64) staticMethod {
		return staticMethod{name: name, min: 1, max: 1, call: func(s *Session, a []Value) (Value, error) {
			n, err := s.convert(a[0], typeFloat64)
			if err != nil {
				return nil, err
			}
			f := n.(float64) * unit
			if f > 9.2e18 || f < -9.2e18 || f != f {
				return nil, throwNet("System.OverflowException", "TimeSpan overflowed because the duration is too long.")
			}
			return TimeSpan(f), nil
		}}
	}
	typeTimeSpan.statics = &statics{
		properties: map[string]func(*Session) Value{"zero": func(*Session) Value { return TimeSpan(0) },
			"maxvalue": func(*Session) Value { return TimeSpan(1<<63 - 1) }, "minvalue": func(*Session) Value { return TimeSpan(-1 << 63) }},
		methods: map[string]staticMethod{
			"fromdays": from("FromDays", ticksPerDay), "fromhours": from("FromHours", ticksPerHour), "fromminutes": from("FromMinutes", ticksPerMinute),
			"fromseconds": from("FromSeconds", ticksPerSecond), "frommilliseconds": from("FromMilliseconds", ticksPerMillisecond), "fromticks": from("FromTicks", 1),
			"parse": {name: "Parse", min: 1, max: 2, call: func(s *Session, a []Value) (Value, error) {
				if t, ok := parseTimeSpan(s.toString(a[0])); ok {
					return t, nil
				}
				return nil, throwNet("System.FormatException", "String was not recognized as a valid TimeSpan.")
			}},
		},
		construct: &staticMethod{name: ".ctor", min: 1, max: 5, call: newSpan},
	}
}

// newSpan is TimeSpan(ticks), (h, m, s), (d, h, m, s) and (d, h, m, s, ms).
func newSpan(s *Session, a []Value) (Value, error) {
	n := make([]int64, 0, 5)
	for _, v := range a {
		c, err := s.convert(v, typeInt64)
		if err != nil {
			return nil, err
		}
		n = append(n, c.(int64))
	}
	switch len(n) {
	case 1:
		return TimeSpan(n[0]), nil
	case 3:
		n = append([]int64{0}, n...)
	case 2:
		return nil, throwNet("System.ArgumentException", "A TimeSpan takes 1, 3, 4 or 5 numbers.")
	}
	if len(n) == 4 {
		n = append(n, 0)
	}
	return TimeSpan(n[0]*ticksPerDay + n[1]*ticksPerHour + n[2]*ticksPerMinute + n[3]*ticksPerSecond + n[4]*ticksPerMillisecond), nil
}
