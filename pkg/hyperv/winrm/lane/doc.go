// Package lane keeps one powershell.exe running on a host and asks it things,
// one after another: a request is one line on its standard input, the answer
// one line on its standard output. It costs two HTTP requests and no process
// start.
//
// A request is data: a verb the function library of package script knows, and
// values. An answer counts only if it carries the request's id, which holds
// random bits nobody can guess. After anything unexpected a lane is not used
// any more; an error says whether the request may have been carried out.
//
// A lane also knows how far the host's clock is from ours, so that a request
// can say until when, by the host's clock, it may begin.
//
// What this package is not: it does not know what a verb does, retries
// nothing, and is not for concurrent use.
package lane
