Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$library = [Convert]::FromBase64String([Console]::In.ReadLine().Trim([char]0xFEFF))
$digest = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($library)).Replace('-', '')
if ($digest -cne 'C7FB3792176C7F9A69DB998A278B7C12840B657DA6B3330118A5F962B8BF1623') {
    throw 'the function library arrived damaged'
}
. ([scriptblock]::Create([Text.Encoding]::UTF8.GetString($library)))
Enter-Lane
