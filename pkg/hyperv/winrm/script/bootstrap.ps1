Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$library = [Convert]::FromBase64String([Console]::In.ReadLine().Trim([char]0xFEFF))
$digest = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($library)).Replace('-', '')
if ($digest -cne '718D6519401F06F7E4298573044F2DCAC300DE40102B134F5020BE143BAC70F5') {
    throw 'the function library arrived damaged'
}
. ([scriptblock]::Create([Text.Encoding]::UTF8.GetString($library)))
Enter-Lane
