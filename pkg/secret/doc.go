// Package secret keeps secrets out of configuration and out of sight: a Ref
// says where a secret is, in a file or in an environment variable, and a Text
// holds one that was read without ever printing it.
//
// What this package is not: it is no vault and encrypts nothing. Whoever can
// read the file or the process's environment has the secret.
package secret
