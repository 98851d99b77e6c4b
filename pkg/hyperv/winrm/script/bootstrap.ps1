Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$library = [Convert]::FromBase64String([Console]::In.ReadLine().Trim([char]0xFEFF))
$digest = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($library)).Replace('-', '')
if ($digest -cne 'C057F9D58DFB6E6AEE71729F049CDA56E8E5F66268EA12DBCD4EBFBE5A0FCBE1') {
    throw 'the function library arrived damaged'
}
. ([scriptblock]::Create([Text.Encoding]::UTF8.GetString($library)))
Enter-Lane
