package inventory

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"lifeboat.io/events"
)

// AllAccounts stands for every account in System.Accounts.
const AllAccounts = "*"

// checker collects the mistakes in the content of a document of the right form.
type checker struct {
	problems Problems
	accounts map[string]bool
	sites    map[string]bool
	logins   map[string]login
	hosts    map[string]Host
}

// validate lists every mistake in the content of a completed document.
func validate(doc Document) Problems {
	c := &checker{
		accounts: map[string]bool{}, sites: map[string]bool{}, logins: map[string]login{}, hosts: map[string]Host{},
	}
	for _, a := range doc.Accounts {
		c.accounts[a.ID] = true
	}
	for _, s := range doc.Sites {
		c.sites[s.Name] = true
	}
	for i, l := range doc.Credentials {
		c.logins[l.Name] = login{l, fmt.Sprintf("credentials[%d]", i)}
	}
	for _, h := range doc.Hosts {
		c.hosts[h.Name] = h
	}
	each(c, "systems", doc.Systems, func(s System) string { return s.Name }, "name", c.system)
	each(c, "accounts", doc.Accounts, func(a Account) string { return a.ID }, "id", c.account)
	each(c, "sites", doc.Sites, func(s Site) string { return s.Name }, "name", c.site)
	each(c, "credentials", doc.Credentials, func(l Credential) string { return l.Name }, "name", c.credential)
	each(c, "hosts", doc.Hosts, func(h Host) string { return h.Name }, "name", c.host)
	each(c, "vms", doc.VMs, func(v VM) string { return v.ID }, "id", c.vm)
	c.distinct(doc.Hosts)
	return c.problems
}

// each checks the elements of a list, and that their keys are unique.
func each[T any](c *checker, list string, elements []T, key func(T) string, keyField string, check func(path string, element T)) {
	first := map[string]int{}
	for i, element := range elements {
		path := fmt.Sprintf("%s[%d]", list, i)
		check(path, element)
		k := key(element)
		if earlier, taken := first[k]; taken && k != "" {
			c.add(path+"."+keyField, k, fmt.Sprintf("is already used by %s[%d]", list, earlier), "give each its own")
			continue
		}
		first[k] = i
	}
}

func (c *checker) add(path, value, text, fix string) {
	c.problems = append(c.problems, Problem{Path: path, Value: shorten(value), Text: text, Fix: fix})
}

func (c *checker) system(path string, s System) {
	c.match(path+".name", s.Name, systemName, events.MaxID, nameFix)
	if len(s.Accounts) == 0 {
		c.add(path+".accounts", "", "is missing", `list the accounts the system may submit for, or write ["*"] for all`)
	}
	for i, account := range s.Accounts {
		at := fmt.Sprintf("%s.accounts[%d]", path, i)
		switch {
		case account == AllAccounts && len(s.Accounts) > 1:
			c.add(at, account, "stands beside other accounts", `write ["*"] alone, or the accounts without it`)
		case account != AllAccounts:
			known(c, at, account, "account", c.accounts)
		}
	}
	if s.URL != "" {
		c.ticketURL(path+".url", s.URL)
	}
}

func (c *checker) ticketURL(path, raw string) {
	const example = "write it as in https://desk.example/tickets/{ticket}"
	u, err := url.Parse(strings.ReplaceAll(raw, "{ticket}", "1"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		c.add(path, raw, "is no http or https address", example)
	case u.User != nil:
		c.add(path, "", "holds a login", "leave user and password out of it")
	case !strings.Contains(raw, "{ticket}"):
		c.add(path, raw, "has no {ticket}", example)
	}
}

func (c *checker) account(path string, a Account) {
	c.match(path+".id", a.ID, accountID, events.MaxID, "use letters, digits and . _ : - and begin with a letter or digit")
	if a.Name != "" {
		c.text(path+".name", a.Name, events.MaxName)
	}
	c.enum(path+".kind", string(a.Kind), a.Kind)
	first := map[string]int{}
	for i, contact := range a.Contacts {
		at := fmt.Sprintf("%s.contacts[%d]", path, i)
		c.contact(at, contact)
		key := strings.ToLower(contact.Email)
		if earlier, taken := first[key]; taken && key != "" {
			c.add(at+".email", contact.Email, fmt.Sprintf("is already used by contacts[%d]", earlier), "keep one entry and give it all rights")
			continue
		}
		first[key] = i
	}
	c.between(path+".defaults.holdOpenMinutes", a.Defaults.HoldOpenMinutes, 1, events.MaxHoldOpenMinutes)
	c.between(path+".defaults.commitAfterMinutes", a.Defaults.CommitAfterMinutes, 1, events.MaxCommitAfterMinutes)
	c.between(path+".defaults.shutdownGraceSeconds", a.Defaults.ShutdownGraceSeconds, minShutdownGraceSeconds, maxShutdownGraceSeconds)
	c.enum(path+".defaults.atWindowEnd", string(a.Defaults.AtWindowEnd), a.Defaults.AtWindowEnd)
}

func (c *checker) contact(path string, p Contact) {
	c.text(path+".name", p.Name, events.MaxName)
	address, err := mail.ParseAddress(p.Email)
	switch {
	case p.Email == "":
		c.missing(path + ".email")
	case err != nil || address.Address != p.Email || len(p.Email) > events.MaxEmail:
		c.add(path+".email", p.Email, "is no e-mail address", "write it bare, as in alex@acme.example")
	}
	for i, right := range p.May {
		at := fmt.Sprintf("%s.may[%d]", path, i)
		c.enum(at, string(right), right)
		if slices.Contains(p.May[:i], right) {
			c.add(at, string(right), "is listed twice", "keep one of them")
		}
	}
}

func (c *checker) site(path string, s Site) {
	c.match(path+".name", s.Name, plainName, events.MaxID, nameFix)
	if s.Description != "" {
		c.text(path+".description", s.Description, events.MaxReason)
	}
}
