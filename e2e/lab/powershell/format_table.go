package powershell

import (
	"strings"
)

// tableColumn is a column laid out.
type tableColumn struct {
	label string
	width int
	right bool
	cells []string
}

// table shows objects as a table.
func (f *formatter) table(v view, rows []Value) error {
	cols, err := f.tableCells(v, rows)
	if err != nil {
		return err
	}
	cols = fitColumns(cols, f.width, v.autosize || allUnsized(cols))
	if len(cols) == 0 {
		return nil
	}
	if err := f.tableHead(v, cols); err != nil {
		return err
	}
	for r := range rows {
		texts := make([]string, len(cols))
		for i, c := range cols {
			texts[i] = c.cells[r]
		}
		for _, l := range wrapRow(cols, texts, v.wrap) {
			if err := f.line(l); err != nil {
				return err
			}
		}
	}
	return f.lines("", "")
}

// tableHead writes what stands above the rows.
func (f *formatter) tableHead(v view, cols []tableColumn) error {
	if v.hide {
		return f.line("")
	}
	head, rule := make([]string, len(cols)), make([]string, len(cols))
	for i, c := range cols {
		head[i] = c.label
		rule[i] = strings.Repeat("-", min(utf16Len(c.label), c.width))
	}
	return f.lines("", tableRow(cols, head), tableRow(cols, rule))
}

// tableCells computes the texts of all cells.
func (f *formatter) tableCells(v view, rows []Value) ([]tableColumn, error) {
	if v.show != nil {
		return f.classCells(v, rows), nil
	}
	columns := v.columns
	out := make([]tableColumn, 0, len(columns))
	for _, col := range columns {
		tc := tableColumn{label: col.label, width: col.width, right: col.align == "right", cells: make([]string, len(rows))}
		number := false
		for i, row := range rows {
			val, err := f.s.columnValue(col, row)
			if err != nil {
				return nil, err
			}
			if i == 0 {
				_, number = numberAsFloat(val)
				_, isEnum := val.(Enum)
				number = number && !isEnum
			}
			tc.cells[i] = oneLine(f.cell(val, col.format))
		}
		if col.align == "" {
			tc.right = number
		}
		out = append(out, tc)
	}
	return out, nil
}

func (f *formatter) classCells(v view, rows []Value) []tableColumn {
	out := make([]tableColumn, 0, len(v.show))
	for _, col := range v.show {
		label := col.Label
		if label == "" {
			label = col.Property
		}
		tc := tableColumn{label: label, width: col.Width, right: col.Right, cells: make([]string, len(rows))}
		if v.autosize {
			tc.width = 0
		}
		for i, row := range rows {
			var val Value
			if col.Show != nil {
				val = col.Show(dataOf(row))
			} else {
				val, _, _ = f.s.property(row, col.Property)
			}
			tc.cells[i] = oneLine(f.cell(val, ""))
		}
		out = append(out, tc)
	}
	return out
}

func oneLine(t string) string {
	if i := strings.IndexAny(t, "\r\n"); i >= 0 {
		return t[:i] + "..."
	}
	return t
}

func allUnsized(cols []tableColumn) bool {
	for _, c := range cols {
		if c.width > 0 {
			return false
		}
	}
	return true
}

// fitColumns gives columns their widths; those that find no room are left out.
func fitColumns(cols []tableColumn, width int, autosize bool) []tableColumn {
	if autosize {
		for i := range cols {
			w := utf16Len(cols[i].label)
			for _, c := range cols[i].cells {
				w = max(w, utf16Len(c))
			}
			cols[i].width = max(cols[i].width, w)
		}
	}
	used, open := 0, 0
	for i, c := range cols {
		if c.width == 0 {
			open++
			continue
		}
		used += c.width
		if i > 0 {
			used++
		}
	}
	if open > 0 {
		share := max(1, (width-used-open)/open)
		for i := range cols {
			if cols[i].width == 0 {
				cols[i].width = max(share, 1)
			}
		}
	}
	left := width - 1
	for i := range cols {
		if i > 0 {
			left--
		}
		if left <= 0 {
			return cols[:i]
		}
		cols[i].width = min(cols[i].width, left)
		left -= cols[i].width
	}
	return cols
}

// tableRow writes one row; what does not fit its column is cut.
func tableRow(cols []tableColumn, texts []string) string {
	var sb strings.Builder
	for i, c := range cols {
		if i > 0 {
			sb.WriteByte(' ')
		}
		t := clip(texts[i], c.width)
		if c.right {
			sb.WriteString(padLeft(t, c.width, ' '))
		} else if i == len(cols)-1 {
			sb.WriteString(t)
		} else {
			sb.WriteString(padRight(t, c.width, ' '))
		}
	}
	return strings.TrimRight(sb.String(), " ")
}

// clip cuts a text to a width, with an ellipsis where there is room for one.
func clip(t string, width int) string {
	if utf16Len(t) <= width {
		return t
	}
	if width <= 3 {
		return substring(t, 0, width)
	}
	return substring(t, 0, width-3) + "..."
}

// wrapRow writes one row, over several lines with -Wrap.
func wrapRow(cols []tableColumn, texts []string, wrap bool) []string {
	if !wrap {
		return []string{tableRow(cols, texts)}
	}
	var out []string
	for rest := true; rest; {
		rest = false
		part := make([]string, len(texts))
		for i, t := range texts {
			n := min(cols[i].width, utf16Len(t))
			part[i], texts[i] = substring(t, 0, n), substring(t, n, utf16Len(t)-n)
			rest = rest || texts[i] != ""
		}
		out = append(out, tableRow(cols, part))
	}
	return out
}

// list shows objects as lists of properties.
func (f *formatter) list(v view, rows []Value) error {
	if err := f.line(""); err != nil {
		return err
	}
	for _, row := range rows {
		if err := f.listEntry(v, row); err != nil {
			return err
		}
	}
	return f.lines("", "")
}

// listEntry shows one object of a list.
func (f *formatter) listEntry(v view, row Value) error {
	width := 0
	for _, c := range v.columns {
		width = max(width, utf16Len(c.label))
	}
	if err := f.line(""); err != nil {
		return err
	}
	for _, col := range v.columns {
		val, err := f.s.columnValue(col, row)
		if err != nil {
			return err
		}
		if err := f.listLine(padRight(col.label, width, ' ')+" : ", f.cell(val, col.format)); err != nil {
			return err
		}
	}
	return nil
}

// listLine writes a property, wrapped under its value.
func (f *formatter) listLine(head, text string) error {
	indent := strings.Repeat(" ", utf16Len(head))
	room := max(10, f.width-1-len(indent))
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		for first := true; first || part != ""; first = false {
			n := min(room, utf16Len(part))
			if err := f.line(head + substring(part, 0, n)); err != nil {
				return err
			}
			part = substring(part, n, utf16Len(part)-n)
			head = indent
		}
	}
	return nil
}
