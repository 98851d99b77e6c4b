package server

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Names of the services.
const (
	// TicketIntake judges tickets.
	TicketIntake = "ticket-intake"
	// FailoverExecutor carries runs out.
	FailoverExecutor = "failover-executor"
	// None stands for no service at all: the bus and the inventory only.
	None = "none"
)

// Services are all services there are.
var Services = []string{TicketIntake, FailoverExecutor}

// unbuilt are services that have a name and a place, and do not exist yet.
var unbuilt = []string{"replication-manager", "azure-asr-bridge", "monitor"}

// Limits of starting and stopping.
const (
	// Grace is how long services may take to finish what they have begun.
	Grace = 30 * time.Second
	// closeWithin bounds the end of the bus and of tracing after that, each.
	closeWithin = 15 * time.Second
	// readyEvery is how often it is looked whether all services are ready, and
	// readyComplain after how long it is logged that they are not.
	readyEvery    = 50 * time.Millisecond
	readyComplain = 15 * time.Second
)

// Options say what to serve.
type Options struct {
	// ConfigPath is lifeboat.yaml.
	ConfigPath string
	// Services are the services to run; nil means all, None alone means none.
	Services []string
	// Out gets the ready line; Log everything else.
	Out, Log io.Writer
	// Grace is how long services may take to stop; 0 means Grace.
	Grace time.Duration
}

// ParseServices reads a list of services as it stands behind --services.
func ParseServices(text string) ([]string, error) {
	if text == "" || text == "all" {
		return Services, nil
	}
	if text == None {
		return []string{}, nil
	}
	var out []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if slices.Contains(unbuilt, name) {
			return nil, fmt.Errorf("%s is not built yet; leave it out: there are %s", name, strings.Join(Services, ", "))
		}
		if !slices.Contains(Services, name) {
			return nil, fmt.Errorf("there is no service %q; name some of %s, or %s", name, strings.Join(Services, ", "), None)
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}
