package powershell

import (
	"strings"
)

func outputCmdlets() []*Cmdlet {
	message := func(name string, write func(c *Call, text string) error) *Cmdlet {
		return &Cmdlet{Name: name, Parameters: parameters("Message:string,pos=0,mandatory,value,alias=Msg,empty"), Process: func(c *Call) error { return write(c, c.String("Message")) }}
	}
	return []*Cmdlet{
		{Name: "Write-Output", Aliases: []string{"echo", "write"}, Parameters: parameters("InputObject:psobject[],pos=0,mandatory,value,rest,empty", "NoEnumerate:switch"), Process: writeOutput},
		{Name: "Write-Error", DefaultSet: "NoException", Parameters: parameters(
			"Message:string,pos=0,mandatory,value,empty,set=NoException,alias=Msg", "Exception:object,mandatory,set=WithException", "ErrorRecord:object,mandatory,set=ErrorRecord",
			"Category:object", "ErrorId:string", "TargetObject:object", "RecommendedAction:string", "CategoryActivity:string,alias=Activity",
			"CategoryReason:string,alias=Reason", "CategoryTargetName:string,alias=TargetName", "CategoryTargetType:string,alias=TargetType"), Process: writeErrorCmdlet},
		message("Write-Warning", (*Call).Warning), message("Write-Verbose", (*Call).Verbose), message("Write-Debug", (*Call).Debug),
		{Name: "Write-Host", Parameters: parameters("Object:object,pos=0,value,rest", "NoNewline:switch", "Separator:object", "ForegroundColor:string", "BackgroundColor:string"), Process: writeHostCmdlet},
		{Name: "Write-Information", Parameters: parameters("MessageData:object,pos=0,mandatory,alias=Msg", "Tags:string[],pos=1"), Process: func(c *Call) error {
			t := &hostText{data: c.Value("MessageData")}
			c.s.gather(c.ctl, (*control).infoList, NewInstance(classHostMessage, t))
			action := c.ctl.infoAction
			if action == "" {
				action = c.s.preference("InformationPreference")
			}
			if action == "silentlycontinue" || action == "ignore" || c.s.streams.Information == nil {
				return nil
			}
			return c.s.streams.Information(NewInstance(classHostMessage, t))
		}},
		{Name: "Write-Progress", Parameters: parameters("Activity:string,pos=0,mandatory", "Status:string,pos=1", "Id:int,pos=2", "PercentComplete:int", "SecondsRemaining:int", "CurrentOperation:string", "ParentId:int", "Completed:switch", "SourceId:int"),
			Process: func(c *Call) error {
				p := Progress{Activity: c.String("Activity"), Status: c.String("Status"), ID: int(c.Int("Id")), Percent: -1, Completed: c.Switch("Completed")}
				if p.Status == "" {
					p.Status = "Processing"
				}
				if c.Has("PercentComplete") {
					p.Percent = int(c.Int("PercentComplete"))
				}
				return c.Progress(p)
			}},
		{Name: "Out-Null", Parameters: parameters("InputObject:psobject,value"), Process: func(*Call) error { return nil }},
		{Name: "Out-String", Parameters: parameters("InputObject:psobject,value", "Width:int", "Stream:switch"), Process: collectInput, End: outString},
		{Name: "Out-Default", Aliases: []string{"Out-Host", "oh"}, Parameters: parameters("InputObject:psobject,value", "Paging:switch"), Process: collectInput, End: func(c *Call) error {
			return c.s.formatTo(collected(c), c.s.width, func(line string) error { return c.s.writeHost(line + "\r\n") })
		}},
	}
}

func writeOutput(c *Call) error {
	v := c.Value("InputObject")
	if c.HasInput {
		if c.Switch("NoEnumerate") {
			return c.Write(c.Input)
		}
		return enumerate(v, c.out)
	}
	a, ok := v.(indexed)
	if !ok {
		return c.Write(v)
	}
	if a.Len() == 1 {
		// one argument that is a collection is put out element by element
		if c.Switch("NoEnumerate") {
			return c.Write(a.At(0))
		}
		return enumerate(a.At(0), c.out)
	}
	if c.Switch("NoEnumerate") {
		return c.Write(v)
	}
	return enumerate(v, c.out)
}

func writeErrorCmdlet(c *Call) error {
	r := NewErrorRecord("Microsoft.PowerShell.Commands.WriteErrorException", "Microsoft.PowerShell.Commands.WriteErrorException", NotSpecified, c.String("Message"))
	if e, ok := c.Value("ErrorRecord").(*ErrorRecord); ok {
		cp := *e
		r = &cp
	}
	if e, ok := c.Value("Exception").(*Exception); ok {
		r.Exception, r.ID = e, e.Type
		if c.Has("Message") {
			r.Details = c.String("Message")
		}
	}
	if c.Has("Category") {
		v, err := c.s.convert(c.Value("Category"), &Type{Name: enumCategory.Name, kind: kindEnum, Enum: enumCategory})
		if err != nil {
			return err
		}
		r.Category = Category(v.(Enum).Value)
	}
	if c.Has("ErrorId") {
		r.ID = c.String("ErrorId")
	}
	if c.Has("TargetObject") {
		r.Target = c.Value("TargetObject")
	}
	set := func(to *string, name string) {
		if c.Has(name) {
			*to = c.String(name)
		}
	}
	r.Activity = "Write-Error"
	set(&r.Activity, "CategoryActivity")
	set(&r.Reason, "CategoryReason")
	set(&r.TargetName, "CategoryTargetName")
	set(&r.TargetType, "CategoryTargetType")
	// the error is that of the function it was written in, or of the script
	if n := len(c.s.frames); n > 0 && c.s.frames[n-1].name != "" {
		r.Command, r.position = c.s.frames[n-1].name, c.s.frames[n-1].call
	} else {
		r.position = &position{command: strings.TrimSpace(c.s.src.Text)}
	}
	if e, ok := c.Value("ErrorRecord").(*ErrorRecord); ok && e.Command != "" {
		r.Command = e.Command
	}
	return c.s.writeError(r, c.ctl)
}

func writeHostCmdlet(c *Call) error {
	sep := " "
	if c.Has("Separator") {
		sep = c.String("Separator")
	}
	var parts []string
	for _, v := range c.Items("Object") {
		if a, ok := v.(indexed); ok {
			parts = append(parts, joined(a, sep, 0))
			continue
		}
		parts = append(parts, c.s.toString(v))
	}
	text := strings.Join(parts, sep)
	c.s.gather(c.ctl, (*control).infoList, NewInstance(classHostMessage, &hostText{data: text, host: true}))
	if !c.Switch("NoNewline") {
		text += "\r\n"
	}
	return c.s.writeHost(text)
}

func outString(c *Call) error {
	width := c.s.width
	if c.Has("Width") {
		if width = int(c.Int("Width")); width < 2 {
			return c.Fail(badArgument("ParameterArgumentValidationError", "Cannot validate argument on parameter 'Width'. The %d argument is less than the minimum allowed range of 2.", width))
		}
	}
	var sb strings.Builder
	err := c.s.formatTo(collected(c), width, func(line string) error {
		if c.Switch("Stream") {
			return c.Write(line)
		}
		sb.WriteString(line + "\r\n")
		return c.s.limitString(sb.Len() / 64)
	})
	if err != nil || c.Switch("Stream") {
		return err
	}
	return c.Write(sb.String())
}
