package doctor

import "fmt"

// BusFacts is what a look at the bus brought.
type BusFacts struct {
	// URL is where it was looked for; Err why it was not found or is not well.
	URL string
	Err error
	// Digest is that of the inventory stored on it; empty when there is none.
	Digest string
	// Letters is how many dead letters nobody has settled, LettersErr why that is not known.
	Letters    int
	LettersErr error
	// Held is how many runs wait for a person, RunsErr why that is not known.
	Held    int
	RunsErr error
}

// JudgeBus says what a look at the bus means. digest is that of the inventory
// file.
func JudgeBus(f BusFacts, digest string) []Finding {
	if f.Err != nil {
		return []Finding{{Fail, checkBus, f.URL, f.Err.Error(), "start lifeboat serve, or say where the bus is with --nats"}}
	}
	findings := []Finding{{Level: OK, Check: checkBus, Subject: f.URL, Detail: "answers, and its streams are as they should be"}}
	switch {
	case f.Digest == "":
		findings = append(findings, Finding{Fail, checkInventory, f.URL, "no inventory is stored on the bus: every ticket waits", "start lifeboat serve with this configuration"})
	case f.Digest != digest:
		findings = append(findings, Finding{Warn, checkInventory, f.URL, "the inventory on the bus is not the one in the file", "reload it: send SIGHUP to lifeboat serve (systemctl reload lifeboat)"})
	default:
		findings = append(findings, Finding{Level: OK, Check: checkInventory, Subject: f.URL, Detail: "the bus has the inventory of the file"})
	}
	findings = append(findings,
		counted(checkLetters, f.URL, f.Letters, f.LettersErr, "that nobody has settled", "lifeboat deadletter list"),
		counted(checkRuns, f.URL, f.Held, f.RunsErr, "that wait for a person", "lifeboat get runs"))
	return sorted(findings)
}

// counted judges something of which there should be none.
func counted(check, subject string, n int, err error, what, fix string) Finding {
	switch {
	case err != nil:
		return Finding{Fail, check, subject, err.Error(), "see the log of lifeboat serve"}
	case n > 0:
		return Finding{Warn, check, subject, fmt.Sprintf("%d %s", n, what), fix}
	default:
		return Finding{Level: OK, Check: check, Subject: subject, Detail: "none " + what}
	}
}
