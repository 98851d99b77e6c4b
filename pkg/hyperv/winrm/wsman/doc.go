// Package wsman speaks WS-Management to WinRM's command shell: it creates a
// shell, starts a command in it, feeds its standard input, waits for its
// output, and takes both down again, as [MS-WSMV] describes.
//
// Messages are built with the soap package of github.com/masterzen/winrm.
// Nothing else of that module is used: its client does not see faults, cannot
// be cancelled and may fall back to clear text. Answers are read here, in
// full, and believed only if they are answers to what was asked.
//
// What this package is not: it does not know what the command is, and it
// retries nothing.
//
// [MS-WSMV]: https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv
package wsman
