package powershell

import (
	"strings"

	"github.com/dlclark/regexp2"
)

// Cmdlets that read text of a form.
func textCmdlets() []*Cmdlet {
	return []*Cmdlet{
		{Name: "ConvertFrom-Csv", DefaultSet: "Delimiter", Parameters: parameters("InputObject:psobject[],pos=0,mandatory,value,null,empty", "Delimiter:char,pos=1,set=Delimiter", "UseCulture:switch,mandatory,set=UseCulture", "Header:string[]"),
			Begin: func(c *Call) error {
				t := &csvTable{delimiter: ","}
				if c.Has("Header") {
					t.header = c.Strings("Header")
				}
				if c.Has("Delimiter") {
					t.delimiter = c.String("Delimiter")
				}
				c.Scratch = t
				return nil
			}, Process: func(c *Call) error {
				for _, v := range c.Items("InputObject") {
					text := c.s.toString(v)
					if err := c.s.charge(int64(len(text)) * valueBytes); err != nil {
						return err
					}
					for _, record := range csvRecords(text, c.Scratch.(*csvTable).delimiter) {
						if err := c.Scratch.(*csvTable).row(c, record); err != nil {
							return err
						}
					}
				}
				return nil
			}},
		{Name: "ConvertFrom-StringData", Parameters: parameters("StringData:string,pos=0,mandatory,value,empty"), Process: stringData},
		{Name: "Select-String", Aliases: []string{"sls"}, Parameters: parameters("Pattern:string[],pos=0,mandatory", "InputObject:psobject,mandatory,value,null,empty",
			"SimpleMatch:switch", "CaseSensitive:switch", "Quiet:switch", "List:switch", "NotMatch:switch", "AllMatches:switch"),
			Begin: func(c *Call) error { c.Scratch = new(lineSearch); return nil }, Process: selectString, End: func(c *Call) error {
				if c.Switch("Quiet") && !c.Scratch.(*lineSearch).found {
					return c.Write(false)
				}
				return nil
			}},
	}
}

// csvTable is the state of one ConvertFrom-Csv.
type csvTable struct {
	delimiter string
	header    []string
	typeName  string
}

// row makes an object of a record, or the header of the first.
func (t *csvTable) row(c *Call, record []string) error {
	if t.header == nil {
		if name, found := strings.CutPrefix(record[0], "#TYPE "); found && len(record) == 1 {
			t.typeName = name
			return nil
		}
		t.header = record
		return t.checkHeader(c)
	}
	o := NewObject()
	if t.typeName != "" {
		o.TypeNames = []string{t.typeName, "CSV:" + t.typeName}
	}
	for i, name := range t.header {
		var v Value
		if i < len(record) {
			v = record[i]
		}
		o.Set(name, v)
	}
	return c.Write(o)
}

// checkHeader names columns without a name, and refuses one that comes twice.
func (t *csvTable) checkHeader(c *Call) error {
	seen, unnamed := map[string]bool{}, 0
	for i, name := range t.header {
		if name == "" {
			unnamed++
			name = "H" + c.s.toString(int32(unnamed))
			t.header[i] = name
		}
		if seen[strings.ToLower(name)] {
			return c.Fail(NewErrorRecord("System.Management.Automation.ExtendedTypeSystemException", "AlreadyPresentPSMemberInfoInternalCollectionAdd", NotSpecified, `The member "`+name+`" is already present.`))
		}
		seen[strings.ToLower(name)] = true
	}
	if unnamed > 0 {
		return c.Warning(`One or more headers were not specified. Default names starting with "H" have been used in place of any missing headers.`)
	}
	return nil
}

// csvRecords splits a text into records, as 5.1 does: quotes keep delimiters and
// line ends, blanks around values without quotes are dropped, empty lines are
// left out, and so is an empty value at the very end of the text.
func csvRecords(text, delimiter string) [][]string {
	var records [][]string
	var record []string
	var value strings.Builder
	quoted, wasQuoted := false, false
	add := func() {
		t := value.String()
		if !wasQuoted {
			t = strings.Trim(t, " \t")
		}
		record = append(record, t)
		value.Reset()
		wasQuoted = false
	}
	end := func() {
		if len(record) > 1 || len(record) == 1 && record[0] != "" {
			records = append(records, record)
		}
		record = nil
	}
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case quoted && ch == '"' && i+1 < len(text) && text[i+1] == '"':
			value.WriteByte('"')
			i++
		case quoted && ch == '"':
			quoted = false
		case quoted:
			value.WriteByte(ch)
		case ch == '"' && strings.Trim(value.String(), " \t") == "" && !wasQuoted:
			value.Reset()
			quoted, wasQuoted = true, true
		case delimiter != "" && strings.HasPrefix(text[i:], delimiter):
			add()
			i += len(delimiter) - 1
		case ch == '\r' && i+1 < len(text) && text[i+1] == '\n': // the line feed ends the line
		case ch == '\n' || ch == '\r':
			add()
			end()
		case wasQuoted && (ch == ' ' || ch == '\t'): // behind the quotes
		default:
			value.WriteByte(ch)
		}
	}
	if value.Len() > 0 || wasQuoted {
		add()
	}
	end()
	return records
}

// stringData makes a table of lines name=value.
func stringData(c *Call) error {
	invalid := func(message string) error {
		return c.Fail(NewErrorRecord("System.Management.Automation.PSInvalidOperationException", "InvalidOperation", InvalidOperation, message))
	}
	h := NewHashtable()
	for line := range strings.SplitSeq(c.String("StringData"), "\n") {
		text := strings.TrimSpace(line)
		if text == "" || text[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(text, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found || name == "" {
			return invalid("Data line '" + line + "' is not in 'name=value' format.")
		}
		if _, twice := h.Get(name); twice {
			return invalid("Data item '" + name + "' in line '" + line + "' is already defined.")
		}
		plain, err := regexp2.Unescape(value)
		if err != nil {
			return invalid("Data line '" + line + "' is not in 'name=value' format.")
		}
		h.Set(name, plain)
	}
	return c.Write(h)
}

// lineSearch is the state of one Select-String.
type lineSearch struct {
	line  int32
	found bool
	done  bool
}

// selectString looks for patterns in one object of the pipeline.
func selectString(c *Call) error {
	st := c.Scratch.(*lineSearch)
	if st.done {
		return nil
	}
	for _, v := range c.Items("InputObject") {
		st.line++
		if err := st.look(c, c.s.toString(v)); err != nil {
			return err
		}
	}
	return nil
}

func (st *lineSearch) look(c *Call, text string) error {
	for _, pattern := range c.Strings("Pattern") {
		if c.Switch("SimpleMatch") {
			pattern = regexp2.Escape(pattern)
		}
		re, err := c.s.regex(pattern, c.Switch("CaseSensitive"), 0)
		if err != nil {
			return err
		}
		var matches []Value
		m, err := re.FindStringMatch(text)
		for ; m != nil && err == nil; m, err = re.FindNextMatch(m) {
			if matches = append(matches, matchObject(m)); !c.Switch("AllMatches") {
				break
			}
			if err := c.s.limitGrowth(len(matches)); err != nil {
				return err
			}
		}
		if err != nil {
			return c.s.regexFailed(err)
		}
		if (len(matches) > 0) == c.Switch("NotMatch") {
			continue
		}
		if c.Switch("SimpleMatch") || c.Switch("NotMatch") {
			matches = nil
		}
		st.found = true
		st.done = c.Switch("Quiet") || c.Switch("List")
		if c.Switch("Quiet") {
			return c.Write(true)
		}
		return c.Write(NewInstance(classMatchInfo, &matchInfo{st.line, text, pattern, !c.Switch("CaseSensitive"), matches}))
	}
	return nil
}

// matchInfo is a line Select-String found.
type matchInfo struct {
	line       int32
	text       string
	pattern    string
	ignoreCase bool
	matches    []Value
}

var classMatchInfo = &Class{Name: "Microsoft.PowerShell.Commands.MatchInfo", String: func(v Value) string { return v.(*matchInfo).text }, Properties: []Property{
	get("IgnoreCase", tBoolean, func(v Value) Value { return v.(*matchInfo).ignoreCase }),
	get("LineNumber", tInt32, func(v Value) Value { return v.(*matchInfo).line }),
	get("Line", tString, func(v Value) Value { return v.(*matchInfo).text }),
	get("Filename", tString, func(Value) Value { return "InputStream" }),
	get("Path", tString, func(Value) Value { return "InputStream" }),
	get("Pattern", tString, func(v Value) Value { return v.(*matchInfo).pattern }),
	get("Matches", "System.Text.RegularExpressions.Match[]", func(v Value) Value { return NewArray(v.(*matchInfo).matches...) }),
}, Table: []Column{{Label: "Line", Show: func(v Value) Value { return v.(*matchInfo).text }}}}
