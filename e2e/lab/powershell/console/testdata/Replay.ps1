# Runs the case files beside this script on a real Windows PowerShell 5.1 and
# shows where it prints something else. Start it on Windows:
#
#   powershell.exe -NoProfile -File Replay.ps1 [-Path values.case]
#
# The cases expect computer HV1, user admin, UTC, culture en-US and the clock at
# 2024-05-06 07:08:09; what depends on those is expected to differ. It changes
# nothing on the machine. (This script itself is outside of the subset.)
param([string[]] $Path = (Get-ChildItem (Join-Path $PSScriptRoot '*.case') | ForEach-Object FullName))

function Read-Cases([string] $file) {
    $case = $null; $into = $null
    foreach ($line in [IO.File]::ReadAllLines($file, [Text.Encoding]::UTF8)) {
        if ($line -like '=== *') {
            if ($case) { $case }
            $case = @{ name = $line.Substring(4); script = @(); stdout = @(); stderr = @(); exit = 0 }; $into = 'script'
        }
        elseif (-not $case) { }
        elseif ($line -ceq '--- stdout') { $into = 'stdout' }
        elseif ($line -ceq '--- stderr') { $into = 'stderr' }
        elseif ($line -like '--- exit *') { $case.exit = [int]$line.Substring(9); $into = $null }
        elseif ($into) { $case[$into] += $line }
    }
    if ($case) { $case }
}

function Invoke-Case($case) {
    $start = New-Object Diagnostics.ProcessStartInfo 'powershell.exe'
    $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($case.script -join "`n"))
    $start.Arguments = "-NoLogo -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand $encoded"
    $start.UseShellExecute = $false; $start.RedirectStandardOutput = $true; $start.RedirectStandardError = $true
    $process = [Diagnostics.Process]::Start($start)
    $err = $process.StandardError.ReadToEndAsync()
    $out = $process.StandardOutput.ReadToEnd()
    $process.WaitForExit()
    @{ stdout = $out; stderr = $err.Result; exit = $process.ExitCode }
}

function Get-Comparable([string] $text) { (($text -replace "`r`n", "`n").TrimEnd("`n") -split "`n" | ForEach-Object { $_.TrimEnd() }) -join "`n" }

$same = 0; $different = 0
foreach ($file in $Path) {
    foreach ($case in Read-Cases $file) {
        $got = Invoke-Case $case
        $bad = @('stdout', 'stderr' | Where-Object { (Get-Comparable $got[$_]) -cne (Get-Comparable ($case[$_] -join "`n")) })
        if ($got.exit -ne $case.exit) { $bad += 'exit' }
        if ($bad.Count -eq 0) { $same++; continue }
        $different++
        "{0} / {1}: {2} differ" -f (Split-Path $file -Leaf), $case.name, ($bad -join ', ')
        foreach ($stream in $bad) { "  expected ${stream}:"; $case[$stream]; "  got ${stream}:"; $got[$stream] }
    }
}
"$same cases agree, $different differ"
if ($different) { exit 1 }
