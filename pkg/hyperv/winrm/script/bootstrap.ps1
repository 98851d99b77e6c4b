Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$library = [Convert]::FromBase64String([Console]::In.ReadLine().Trim([char]0xFEFF))
$digest = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($library)).Replace('-', '')
if ($digest -cne '47930B6F21123F732B63020645A521E36A794505146EE67C008944FCD1EBE9BC') {
    throw 'the function library arrived damaged'
}
. ([scriptblock]::Create([Text.Encoding]::UTF8.GetString($library)))
Enter-Lane
