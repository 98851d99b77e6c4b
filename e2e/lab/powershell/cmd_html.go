package powershell

import (
	"fmt"
	"strings"
)

func htmlCmdlets() []*Cmdlet {
	return []*Cmdlet{
		{Name: "ConvertTo-Html", DefaultSet: "Page", Parameters: parameters("InputObject:psobject,value", "Property:object[],pos=0", "Body:string[],pos=3,set=Page", "Head:string[],pos=1,set=Page",
			"Title:string,pos=2,set=Page", "As:string,in=Table|List", "CssUri:string,alias=cu,alias=uri,set=Page", "Fragment:switch,set=Fragment", "PostContent:string[]", "PreContent:string[]"),
			Process: collectInput, End: convertToHTML},
	}
}

// convertToHTML writes a page, or with -Fragment a table only.
func convertToHTML(c *Call) error {
	var lines []string
	page := !c.Switch("Fragment")
	if page {
		lines = append(lines, `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"  "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">`,
			`<html xmlns="http://www.w3.org/1999/xhtml">`, "<head>")
		title := "HTML TABLE"
		if c.Has("Title") {
			title = c.String("Title")
		}
		if c.Has("Head") {
			lines = append(lines, c.Strings("Head")...)
		} else {
			lines = append(lines, "<title>"+title+"</title>")
		}
		if c.Has("CssUri") {
			lines = append(lines, `<link rel="stylesheet" type="text/css" href="`+c.String("CssUri")+`" />`)
		}
		lines = append(append(lines, "</head><body>"), c.Strings("Body")...)
	}
	lines = append(append(lines, c.Strings("PreContent")...), "<table>")
	rows, err := htmlRows(c)
	if err != nil {
		return err
	}
	lines = append(append(append(lines, rows...), "</table>"), c.Strings("PostContent")...)
	if page {
		lines = append(lines, "</body></html>")
	}
	for _, l := range lines {
		if err := c.Write(l); err != nil {
			return err
		}
	}
	return nil
}

// htmlRows are the rows of the table: one for each object, or with -As List one
// for each property.
func htmlRows(c *Call) ([]string, error) {
	cols, err := columnsOf(c, "Property")
	objects := collected(c)
	if err != nil || len(objects) == 0 {
		return nil, err
	}
	if len(cols) == 0 {
		cols = []column{{name: "*", label: "*"}}
	}
	cols = expandColumns(c.s, cols, objects[0])
	if len(cols) == 0 {
		return nil, nil
	}
	list := strings.EqualFold(c.String("As"), "List")
	var rows []string
	if !list {
		rows = append(rows, htmlHead(cols)...)
	}
	for i, it := range objects {
		if list && i > 0 {
			rows = append(rows, "<tr><td><hr></td></tr>")
		}
		row := ""
		for j, col := range cols {
			v, err := c.s.columnValue(col, it)
			if err != nil {
				return nil, err
			}
			if list {
				rows = append(rows, "<tr><td>"+col.label+":</td><td>"+c.s.htmlText(v)+"</td></tr>")
			} else {
				row += "<td>" + c.s.htmlText(v) + "</td>"
			}
			if err := c.s.limitAppended(len(row), len(row)/(j+1)); err != nil {
				return nil, err
			}
		}
		if !list {
			rows = append(rows, "<tr>"+row+"</tr>")
		}
		if err := c.s.limitGrowth(len(rows)); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func htmlHead(cols []column) []string {
	group, head := "<colgroup>", "<tr>"
	for _, col := range cols {
		group += "<col"
		if col.width > 0 {
			group += fmt.Sprintf(` width = "%d"`, col.width)
		}
		if col.align != "" {
			group += ` align = "` + col.align + `"`
		}
		group += "/>"
		head += "<th>" + col.label + "</th>"
	}
	return []string{group + "</colgroup>", head + "</tr>"}
}

// htmlText is a value as WebUtility.HtmlEncode writes it.
func (s *Session) htmlText(v Value) string {
	if v == nil {
		return ""
	}
	text := s.display(v)
	switch v.(type) {
	case indexed, *Hashtable:
		text, _ = s.formatValue(v, "") // the type, which cannot fail
	}
	var sb strings.Builder
	for _, r := range text {
		switch {
		case r == '<':
			sb.WriteString("&lt;")
		case r == '>':
			sb.WriteString("&gt;")
		case r == '&':
			sb.WriteString("&amp;")
		case r == '"':
			sb.WriteString("&quot;")
		case r == '\'' || r >= 160 && r < 256 || r > 0xFFFF:
			fmt.Fprintf(&sb, "&#%d;", r)
		default:
			sb.WriteRune(r)
		}
	}
	return sb.String()
}
