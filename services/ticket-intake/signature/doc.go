// Package signature signs and verifies HTTP requests to ticket-intake. The
// caller sends one header:
//
//	Lifeboat-Signature: key=desk,t=1772442000,n=1f8b2c90d3e4a5b6,v1=<hex>
//
//	key  the caller's name in the configuration
//	t    the time of signing, in seconds since 1970
//	n    a text never used before by this caller, 8 to 64 letters and digits
//	v1   HMAC-SHA256, in hexadecimal, with the caller's secret, over
//
//	     <t> LF <n> LF <method> LF <path and query> LF <CloudEvents headers> LF <body>
//
// where the CloudEvents headers are, for an event in binary mode, one line
// "name: value" for each header whose name begins with ce- and for
// content-type, names in lower case and in the order of the names, each line
// ended with LF. In structured mode that is the line of content-type alone,
// and for a request without body nothing.
//
// The time may differ from ours by MaxSkew either way, and the same n is not
// taken twice in that time. So whoever repeats a request signs it anew.
//
// With a shell, in structured mode:
//
//	t=$(date +%s) n=$(openssl rand -hex 16)
//	{ printf '%s\n%s\nPOST\n/v1/tickets\ncontent-type: application/cloudevents+json\n\n' "$t" "$n"; cat ticket.json; } |
//	  openssl dgst -sha256 -hmac "$SECRET"
//
// What this package is not: it reads no clock and remembers nothing. Whether n
// was seen before is for whoever verifies to find out.
package signature
