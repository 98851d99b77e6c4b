// Package corpus is a collection of texts that have broken out of scripts,
// shells, templates, SOAP and terminals elsewhere. Wherever a name or a text
// from outside is passed on, it must come through byte for byte.
//
// What this package is not: it is for tests only.
package corpus
