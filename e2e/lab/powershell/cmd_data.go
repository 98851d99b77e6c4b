package powershell

import (
	"strings"
)

func dataCmdlets() []*Cmdlet {
	return []*Cmdlet{
		{Name: "ConvertTo-Json", Parameters: parameters("InputObject:object,pos=0,mandatory,value,null,empty", "Depth:int", "Compress:switch"), Process: collectJSON, End: convertToJSON},
		{Name: "ConvertFrom-Json", Parameters: parameters("InputObject:string,pos=0,mandatory,value,empty"), Process: func(c *Call) error {
			list, _ := c.Scratch.([]string)
			c.Scratch = append(list, c.String("InputObject"))
			return nil
		}, End: convertFromJSON},
		{Name: "ConvertTo-Csv", Parameters: parameters("InputObject:psobject,mandatory,value", "Delimiter:char,pos=1", "NoTypeInformation:switch,alias=NTI", "UseCulture:switch"), Process: collectInput, End: convertToCSV},
		{Name: "Get-Random", DefaultSet: "RandomNumberParameterSet", Parameters: parameters("Maximum:object,pos=0,set=RandomNumberParameterSet", "Minimum:object,set=RandomNumberParameterSet", "SetSeed:int",
			"InputObject:object[],pos=0,mandatory,value,set=RandomListItemParameterSet", "Count:int,set=RandomListItemParameterSet"), Process: gatherRandom, End: getRandom},
	}
}

func collectJSON(c *Call) error {
	all, _ := c.Scratch.(*collector)
	if all == nil {
		all = &collector{s: c.s}
		c.Scratch = all
	}
	return all.add(c.Value("InputObject"))
}

func convertToJSON(c *Call) error {
	all, ok := c.Scratch.(*collector)
	if !ok {
		return nil
	}
	v := settle(all.value())
	depth := 2
	if c.Has("Depth") {
		depth = int(c.Int("Depth"))
		if depth < 1 || depth > 100 {
			return c.Fail(badArgument("ParameterArgumentValidationError", "Cannot validate argument on parameter 'Depth'. The %d argument is out of the range of 1 to 100.", depth))
		}
	}
	text, err := c.s.encodeJSON(v, depth, c.Switch("Compress"))
	if err != nil {
		return err
	}
	return c.Write(text)
}

func convertFromJSON(c *Call) error {
	list, _ := c.Scratch.([]string)
	if len(list) == 0 {
		return nil
	}
	text := strings.Join(list, "\n")
	// strings from a pipeline are one document, unless the first is one by itself
	if len(list) > 1 {
		if _, err := c.s.decodeJSON(list[0]); err == nil {
			for _, t := range list {
				v, err := c.s.decodeJSON(t)
				if err != nil {
					return err
				}
				if err := c.Write(v); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if strings.TrimSpace(text) == "" {
		return nil
	}
	v, err := c.s.decodeJSON(text)
	if err != nil {
		return err
	}
	// 5.1 puts an array out as one object
	return c.Write(v)
}

func convertToCSV(c *Call) error {
	rows := collected(c)
	if len(rows) == 0 {
		return nil
	}
	sep := ","
	if c.Has("Delimiter") {
		sep = c.String("Delimiter")
	}
	quote := func(t string) string { return `"` + strings.ReplaceAll(t, `"`, `""`) + `"` }
	if !c.Switch("NoTypeInformation") {
		if err := c.Write("#TYPE " + firstTypeName(c.s.typeNamesOf(rows[0]))); err != nil {
			return err
		}
	}
	names := c.s.propertyNames(rows[0])
	cells := make([]string, len(names))
	for i, n := range names {
		cells[i] = quote(n)
	}
	if err := c.Write(strings.Join(cells, sep)); err != nil {
		return err
	}
	for _, r := range rows {
		for i, n := range names {
			v, _, err := c.s.property(r, n)
			if err != nil {
				return err
			}
			cells[i] = ""
			if v != nil {
				cells[i] = quote(c.s.display(v))
			}
		}
		if err := c.Write(strings.Join(cells, sep)); err != nil {
			return err
		}
	}
	return nil
}

func gatherRandom(c *Call) error {
	if c.Set() != "RandomListItemParameterSet" {
		return nil
	}
	all, _ := c.Scratch.(*collector)
	if all == nil {
		all = &collector{s: c.s}
		c.Scratch = all
	}
	return enumerate(c.Value("InputObject"), all.add)
}

func getRandom(c *Call) error {
	if c.Has("SetSeed") {
		c.s.reseed(uint64(c.Int("SetSeed")))
	}
	r := c.s.random()
	if all, ok := c.Scratch.(*collector); ok {
		n := 1
		if c.Has("Count") {
			n = int(c.Int("Count"))
		}
		items := append([]Value(nil), all.items...)
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		return enumerate(NewArray(items[:max(0, min(n, len(items)))]...), c.out)
	}
	low, high := int64(0), int64(1)<<31-1
	for name, slot := range map[string]*int64{"Minimum": &low, "Maximum": &high} {
		if c.Has(name) {
			n, err := c.s.convert(c.Value(name), typeInt64)
			if err != nil {
				return err
			}
			*slot = n.(int64)
		}
	}
	if low >= high || high-low < 0 {
		return c.Fail(badArgument("MinGreaterThanOrEqualMax", "The Minimum value (%d) cannot be greater than or equal to the Maximum value (%d).", low, high))
	}
	n := low + r.Int64N(high-low)
	if n == int64(int32(n)) {
		return c.Write(int32(n))
	}
	return c.Write(n)
}
