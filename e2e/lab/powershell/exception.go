package powershell

import "strings"

// Exception is a .NET exception.
type Exception struct {
	// Type is its full name.
	Type    string
	Message string
	HResult int32
	Inner   *Exception
	// Data and the members a module wants to show, such as ErrorCode.
	Data *Hashtable
}

type exceptionBase struct{ name, base string }

// exceptionBases knows the exception types a script may name, by lower-case
// name, with the type each derives from.
var exceptionBases = func() map[string]*exceptionBase {
	m := map[string]*exceptionBase{}
	for line := range strings.Lines(`
System.Exception -
System.SystemException System.Exception
System.ApplicationException System.Exception
System.ArgumentException System.SystemException
System.ArgumentNullException System.ArgumentException
System.ArgumentOutOfRangeException System.ArgumentException
System.ArithmeticException System.SystemException
System.DivideByZeroException System.ArithmeticException
System.OverflowException System.ArithmeticException
System.FormatException System.SystemException
System.IndexOutOfRangeException System.SystemException
System.InvalidCastException System.SystemException
System.InvalidOperationException System.SystemException
System.NotImplementedException System.SystemException
System.NotSupportedException System.SystemException
System.NullReferenceException System.SystemException
System.OperationCanceledException System.SystemException
System.OutOfMemoryException System.SystemException
System.TimeoutException System.SystemException
System.UnauthorizedAccessException System.SystemException
System.Security.SecurityException System.SystemException
System.Collections.Generic.KeyNotFoundException System.SystemException
System.IO.IOException System.SystemException
System.IO.FileNotFoundException System.IO.IOException
System.IO.DirectoryNotFoundException System.IO.IOException
System.IO.EndOfStreamException System.IO.IOException
System.ComponentModel.Win32Exception System.Runtime.InteropServices.ExternalException
System.Runtime.InteropServices.ExternalException System.SystemException
System.Runtime.InteropServices.COMException System.Runtime.InteropServices.ExternalException
System.Net.WebException System.InvalidOperationException
System.Net.Sockets.SocketException System.ComponentModel.Win32Exception
System.Management.ManagementException System.SystemException
Microsoft.Management.Infrastructure.CimException System.Exception
System.Management.Automation.RuntimeException System.SystemException
System.Management.Automation.PSInvalidCastException System.InvalidCastException
System.Management.Automation.PSArgumentException System.ArgumentException
System.Management.Automation.PSArgumentNullException System.ArgumentNullException
System.Management.Automation.PSArgumentOutOfRangeException System.ArgumentOutOfRangeException
System.Management.Automation.PSInvalidOperationException System.InvalidOperationException
System.Management.Automation.PSNotSupportedException System.NotSupportedException
System.Management.Automation.PSNotImplementedException System.NotImplementedException
System.Management.Automation.ItemNotFoundException System.Management.Automation.SessionStateException
System.Management.Automation.DriveNotFoundException System.Management.Automation.SessionStateException
System.Management.Automation.SessionStateException System.Management.Automation.RuntimeException
System.Management.Automation.SessionStateUnauthorizedAccessException System.Management.Automation.SessionStateException
System.Management.Automation.CommandNotFoundException System.Management.Automation.RuntimeException
System.Management.Automation.ParseException System.Management.Automation.RuntimeException
System.Management.Automation.IncompleteParseException System.Management.Automation.ParseException
System.Management.Automation.ParentContainsErrorRecordException System.SystemException
System.Management.Automation.ParameterBindingException System.Management.Automation.RuntimeException
System.Management.Automation.ParameterBindingValidationException System.Management.Automation.ParameterBindingException
System.Management.Automation.ParameterBindingArgumentTransformationException System.Management.Automation.ParameterBindingException
System.Management.Automation.ArgumentTransformationMetadataException System.Management.Automation.MetadataException
System.Management.Automation.ValidationMetadataException System.Management.Automation.MetadataException
System.Management.Automation.MetadataException System.Management.Automation.RuntimeException
System.Management.Automation.MethodException System.Management.Automation.ExtendedTypeSystemException
System.Management.Automation.MethodInvocationException System.Management.Automation.MethodException
System.Management.Automation.SetValueException System.Management.Automation.ExtendedTypeSystemException
System.Management.Automation.SetValueInvocationException System.Management.Automation.SetValueException
System.Management.Automation.GetValueException System.Management.Automation.ExtendedTypeSystemException
System.Management.Automation.GetValueInvocationException System.Management.Automation.GetValueException
System.Management.Automation.PropertyNotFoundException System.Management.Automation.ExtendedTypeSystemException
System.Management.Automation.ExtendedTypeSystemException System.Management.Automation.RuntimeException
System.Management.Automation.ActionPreferenceStopException System.Management.Automation.RuntimeException
System.Management.Automation.CmdletInvocationException System.Management.Automation.RuntimeException
System.Management.Automation.HaltCommandException System.SystemException
System.Management.Automation.PipelineStoppedException System.Management.Automation.RuntimeException
System.Management.Automation.PipelineDepthException System.SystemException
System.Management.Automation.ScriptCallDepthException System.SystemException
System.Management.Automation.ScriptRequiresException System.Management.Automation.RuntimeException
System.Management.Automation.RemoteException System.Management.Automation.RuntimeException
System.Management.Automation.Host.HostException System.Management.Automation.RuntimeException
System.Management.Automation.Host.PromptingException System.Management.Automation.Host.HostException
Microsoft.PowerShell.Commands.WriteErrorException System.SystemException
Microsoft.PowerShell.Commands.ServiceCommandException System.SystemException
Microsoft.PowerShell.Commands.ProcessCommandException System.SystemException
Microsoft.HyperV.PowerShell.VirtualizationException System.Exception
Microsoft.HyperV.PowerShell.VirtualizationOperationFailedException Microsoft.HyperV.PowerShell.VirtualizationException
Microsoft.HyperV.PowerShell.VirtualizationInvalidArgumentException Microsoft.HyperV.PowerShell.VirtualizationException
Microsoft.FailoverClusters.PowerShell.ClusterCmdletException System.Exception
`) {
		f := strings.Fields(line)
		if len(f) == 2 {
			m[strings.ToLower(f[0])] = &exceptionBase{f[0], f[1]}
		}
	}
	return m
}()

// exceptionLineage gives the names of an exception type and its bases. A type
// nobody knows derives from System.Exception.
func exceptionLineage(name string) []string {
	names := []string{name}
	for range 10 {
		b := exceptionBases[strings.ToLower(name)]
		if b == nil {
			if name != "System.Exception" {
				names = append(names, "System.Exception")
			}
			break
		}
		if b.base == "-" {
			break
		}
		name = b.base
		names = append(names, name)
	}
	return names
}

func (e *Exception) isA(name string) bool {
	for _, n := range exceptionLineage(e.Type) {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// defaultHResult is what .NET gives an exception nobody gave another code.
func defaultHResult(typ string) int32 {
	switch typ[strings.LastIndexByte(typ, '.')+1:] {
	case "ArgumentException", "PSArgumentException":
		return -2147024809
	case "ArgumentNullException", "PSArgumentNullException", "NullReferenceException":
		return -2147467261
	case "ArgumentOutOfRangeException":
		return -2146233086
	case "COMException", "ExternalException", "Win32Exception":
		return -2147467259
	case "FileNotFoundException":
		return -2147024894
	case "DirectoryNotFoundException":
		return -2147024893
	case "IOException":
		return -2146232800
	case "IndexOutOfRangeException":
		return -2146233080
	case "KeyNotFoundException":
		return -2146232969
	case "NotImplementedException", "PSNotImplementedException":
		return -2147467263
	case "OperationCanceledException":
		return -2146233029
	case "DivideByZeroException":
		return -2147352558
	case "FormatException":
		return -2146233033
	case "InvalidCastException", "PSInvalidCastException":
		return -2147467262
	case "InvalidOperationException", "PSInvalidOperationException":
		return -2146233079
	case "NotSupportedException", "PSNotSupportedException":
		return -2146233067
	case "OverflowException":
		return -2146233066
	case "TimeoutException":
		return -2146233083
	case "UnauthorizedAccessException":
		return -2147024891
	case "Exception":
		return -2146233088
	}
	return -2146233087
}

// short is the type's name without its namespace.
func (e *Exception) short() string { return e.Type[strings.LastIndexByte(e.Type, '.')+1:] }
