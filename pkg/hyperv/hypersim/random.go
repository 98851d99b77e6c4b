package hypersim

import "lifeboat.io/pkg/hyperv"

// random is a splitmix64 sequence: small, fast, and the same for a seed on
// every machine. It makes identifiers and spreads schedules, no secrets.
type random struct{ state uint64 }

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0, n); n must be positive.
func (r *random) below(n int64) int64 { return int64(r.next()>>1) % n }

// guid returns a version 4 GUID in lower case without braces.
func (r *random) guid() string {
	const hex = "0123456789abcdef"
	hi, lo := r.next(), r.next()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 1<<63
	var text [36]byte
	word, nibbles := hi, 16
	for i := range text {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			text[i] = '-'
			continue
		}
		if nibbles == 0 {
			word, nibbles = lo, 16
		}
		nibbles--
		text[i] = hex[word>>(4*nibbles)&0xf]
	}
	return string(text[:])
}

func (r *random) vmID() hyperv.VMID { return hyperv.VMID(r.guid()) }

// mac returns a MAC address in the range Hyper-V draws from.
func (r *random) mac() string {
	const hex = "0123456789ABCDEF"
	text := []byte("00155D000000")
	for n, i := r.next(), 6; i < len(text); i++ {
		text[i] = hex[n&0xf]
		n >>= 4
	}
	return string(text)
}
