package run

import (
	"testing"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// TestReverseTo: an inventory that does not say how a host receives leaves the
// relationship's own word, and the plan then says nothing of it.
func TestReverseTo(t *testing.T) {
	from := hyperv.ReplicaServer{Server: "r.acme.example", Port: 443, Authentication: "Certificate", CertificateThumbprint: "R"}
	if got := reverseTo(hyperv.ReplicaServer{}, from); got != nil {
		t.Errorf("without a receiver in the inventory: %+v, want nothing", *got)
	}
	to := hyperv.ReplicaServer{Server: "p.acme.example", Port: 80, Authentication: "Kerberos", CertificateThumbprint: "P"}
	want := events.ReplicaServer{Server: "p.acme.example", Port: 80, Authentication: "Kerberos", CertificateThumbprint: "R"}
	if got := reverseTo(to, from); got == nil || *got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
