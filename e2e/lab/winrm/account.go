package winrm

import (
	"crypto/subtle"
	"strings"

	"lifeboat.io/e2e/lab/winrm/ntlm"
)

// account is a User with what is derived from it.
type account struct {
	User
	display string // HV1\Administrator
	hash    ntlm.Hash
}

// accounts finds users by any of the names clients use.
type accounts struct {
	byName map[string]*account
}

func newAccounts(users []User, domain string) *accounts {
	a := &accounts{byName: make(map[string]*account, len(users))}
	for _, u := range users {
		a.byName[strings.ToLower(u.Name)] = &account{
			User: u, display: domain + `\` + u.Name, hash: ntlm.HashPassword(u.Password.Reveal()),
		}
	}
	return a
}

// find takes user, DOMAIN\user and user@domain. The domain is not compared: a
// workgroup host takes any for its own.
func (a *accounts) find(name string) *account {
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	name, _, _ = strings.Cut(name, "@")
	return a.byName[strings.ToLower(name)]
}

// byPassword checks a password; nil when it does not fit or the account may not log on.
func (a *accounts) byPassword(name, password string) *account {
	u := a.find(name)
	if u == nil || u.Expired || u.Password.IsZero() || subtle.ConstantTimeCompare([]byte(u.Password.Reveal()), []byte(password)) != 1 {
		return nil
	}
	return u
}

// ntHash is what ntlm asks for.
func (a *accounts) ntHash(_, name string) (ntlm.Hash, bool) {
	u := a.find(name)
	if u == nil || u.Expired || u.Password.IsZero() {
		return ntlm.Hash{}, false
	}
	return u.hash, true
}

// byPrincipal finds the account of a Kerberos principal.
func (a *accounts) byPrincipal(name string) *account {
	u := a.find(name)
	if u == nil || u.Expired {
		return nil
	}
	return u
}

// byCertificate finds the account mapped to one of the names a certificate carries.
func (a *accounts) byCertificate(names []string) *account {
	for _, u := range a.byName {
		for _, n := range names {
			if u.CertificateUPN != "" && strings.EqualFold(u.CertificateUPN, n) && !u.Expired {
				return u
			}
		}
	}
	return nil
}

// netBIOSName is the host's short name: upper case, at most 15 characters.
func netBIOSName(name string) string {
	short, _, _ := strings.Cut(name, ".")
	short = strings.ToUpper(short)
	if len(short) > 15 {
		short = short[:15]
	}
	return short
}
