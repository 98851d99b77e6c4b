package powershell

import (
	"strings"
)

// absent are commands that every Windows PowerShell 5.1 has and this subset has
// not. They fail by name instead of as unknown. Modules may still register
// them.
var absent = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`Add-Computer Add-Content Add-History Add-PSSnapin Checkpoint-Computer Clear-Content
		Clear-EventLog Clear-History Clear-Item Clear-ItemProperty Complete-Transaction Connect-PSSession Connect-WSMan
		ConvertFrom-SecureString ConvertFrom-String Convert-Path
		ConvertTo-SecureString ConvertTo-Xml Copy-Item Copy-ItemProperty Debug-Job Debug-Process Disable-PSBreakpoint
		Disable-PSRemoting Disconnect-PSSession Disconnect-WSMan Enable-PSBreakpoint Enable-PSRemoting Enter-PSSession
		Exit-PSSession Export-Alias Export-Clixml Export-Console Export-Csv Export-FormatData Export-ModuleMember
		Export-PSSession Format-Custom Format-Hex Format-Wide Get-Acl Get-AuthenticodeSignature Get-ChildItem
		Get-CimAssociatedInstance Get-CimClass Get-CimInstance Get-CimSession Get-Clipboard Get-CmsMessage Get-ComputerInfo
		Get-ComputerRestorePoint Get-Content Get-ControlPanelItem Get-Counter Get-Credential Get-Event Get-EventLog
		Get-EventSubscriber Get-FileHash Get-FormatData Get-Help Get-History Get-HotFix Get-Item Get-ItemProperty
		Get-ItemPropertyValue Get-Job Get-Location Get-PfxCertificate Get-Process Get-PSBreakpoint Get-PSCallStack Get-PSDrive
		Get-PSProvider Get-PSSession Get-PSSessionConfiguration Get-PSSnapin Get-Runspace Get-Service Get-TimeZone
		Get-TraceSource Get-Transaction Get-TypeData Get-UICulture Get-Verb Get-WinEvent Get-WmiObject Get-WSManInstance
		Import-Alias Import-Clixml Import-Csv Import-LocalizedData Import-PSSession Invoke-CimMethod Invoke-History
		Invoke-Item Invoke-RestMethod Invoke-WebRequest Invoke-WmiMethod Invoke-WSManAction Limit-EventLog Move-Item
		Move-ItemProperty New-CimInstance New-CimSession New-CimSessionOption New-Event New-EventLog New-Item
		New-ItemProperty New-Module New-ModuleManifest New-PSDrive New-PSSession New-PSSessionOption New-Service
		New-WebServiceProxy New-WSManInstance Out-File Out-GridView Out-Printer Pop-Location Protect-CmsMessage Push-Location
		Receive-Job Receive-PSSession Register-CimIndicationEvent Register-EngineEvent Register-ObjectEvent
		Register-WmiEvent Remove-CimInstance Remove-CimSession Remove-Computer Remove-Event Remove-EventLog Remove-Item
		Remove-ItemProperty Remove-Job Remove-PSBreakpoint Remove-PSDrive Remove-PSSession Remove-TypeData Remove-WmiObject
		Rename-Computer Rename-Item Rename-ItemProperty Reset-ComputerMachinePassword Resolve-Path Restart-Computer
		Restart-Service Restore-Computer Resume-Job Resume-Service Save-Help Select-Xml Send-MailMessage
		Set-Acl Set-AuthenticodeSignature Set-CimInstance Set-Clipboard Set-Content Set-Date Set-Item
		Set-ItemProperty Set-Location Set-PSBreakpoint Set-PSDebug Set-PSSessionConfiguration Set-Service Set-TimeZone
		Set-TraceSource Set-WmiInstance Show-Command Show-EventLog Start-Job Start-Process Start-Service Start-Transaction
		Start-Transcript Stop-Computer Stop-Job Stop-Process Stop-Service Stop-Transcript Suspend-Job Suspend-Service
		Test-Connection Test-ModuleManifest Test-NetConnection Test-WSMan Trace-Command Unblock-File Undo-Transaction
		Unregister-Event Update-FormatData Update-Help Update-List Update-TypeData Wait-Debugger Wait-Event Wait-Job
		Wait-Process Write-EventLog Resolve-DnsName Get-NetAdapter Get-NetIPAddress Get-NetIPConfiguration Get-WindowsFeature
		Install-WindowsFeature Get-ScheduledTask Register-ScheduledTask Start-ScheduledTask Get-SmbShare New-SmbShare
		Get-Partition Get-ADComputer Install-Module Update-Module Find-Module`) {
		m[strings.ToLower(name)] = true
	}
	for alias, name := range map[string]string{"dir": "get-childitem", "ls": "get-childitem", "gci": "get-childitem", "cat": "get-content", "gc": "get-content",
		"type": "get-content", "cp": "copy-item", "copy": "copy-item", "mv": "move-item", "rm": "remove-item", "del": "remove-item", "cd": "set-location",
		"pwd": "get-location", "ps": "get-process", "gps": "get-process", "kill": "stop-process", "gsv": "get-service", "gwmi": "get-wmiobject",
		"gcim": "get-ciminstance", "curl": "invoke-webrequest", "wget": "invoke-webrequest", "iwr": "invoke-webrequest", "irm": "invoke-restmethod", "gjb": "get-job", "fw": "format-wide"} {
		m[alias] = m[name]
	}
	return m
}()
