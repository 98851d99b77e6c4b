package cmdlets

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"lifeboat.io/e2e/lab/powershell"
)

// States of a job.
const (
	jobRunning   = "Running"
	jobCompleted = "Completed"
	jobFailed    = "Failed"
	jobStopped   = "Stopped"
)

// maxJobs bounds the jobs one process keeps.
const maxJobs = 1000

var enumJobState = powershell.NewEnumType("System.Management.Automation.JobState", map[string]int64{
	"NotStarted": 0, "Running": 1, "Completed": 2, "Failed": 3, "Stopped": 4, "Blocked": 5,
	"Suspended": 6, "Disconnected": 7, "Suspending": 8, "Stopping": 9, "AtBreakpoint": 10,
})

// jobs are the background jobs of a process.
type jobs struct {
	mu   sync.Mutex
	last int
	all  []*job
}

// job is one background job.
type job struct {
	id      int
	name    string
	command string
	cancel  context.CancelFunc
	done    chan struct{} // closed when it is over

	mu     sync.Mutex
	state  string
	output []powershell.Value
	errors []*powershell.ErrorRecord
}

// start begins a job that ends with its process.
func (js *jobs) start(c *call, run func(ctx context.Context, j *job)) powershell.Value {
	ctx, cancel := context.WithCancel(c.Context())
	js.mu.Lock()
	js.last++
	j := &job{id: js.last, name: fmt.Sprintf("Job%d", js.last), command: c.cmdlet, cancel: cancel, done: make(chan struct{}), state: jobRunning}
	js.all = append(js.all, j)
	if over := len(js.all) - maxJobs; over > 0 {
		js.all = slices.Delete(js.all, 0, over)
	}
	js.mu.Unlock()
	go func() {
		defer cancel()
		run(ctx, j)
	}()
	return powershell.NewInstance(classJob, j)
}

// put adds to what a job has to give.
func (j *job) put(values []powershell.Value, r *powershell.ErrorRecord) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.output = append(j.output, values...)
	if r != nil {
		j.errors = append(j.errors, r)
	}
}

// end ends a job; without a state it failed if there were errors.
func (j *job) end(state string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case state != "":
	case len(j.errors) > 0:
		state = jobFailed
	default:
		state = jobCompleted
	}
	j.state = state
	close(j.done)
}

func (j *job) stateNow() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state
}

// take gives what a job has, and unless it is kept takes it away.
func (j *job) take(keep bool) ([]powershell.Value, []*powershell.ErrorRecord) {
	j.mu.Lock()
	defer j.mu.Unlock()
	values, errors := j.output, j.errors
	if !keep {
		j.output, j.errors = nil, nil
	}
	return values, errors
}

func (j *job) over() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

var classJob = &powershell.Class{
	Name: "System.Management.Automation.Job",
	Table: []powershell.Column{
		{Property: "Id", Width: 6}, {Property: "Name", Width: 15}, {Property: "State", Width: 13}, {Property: "HasMoreData", Width: 15}, {Property: "Location", Width: 20}, {Property: "Command"},
	},
	Properties: []powershell.Property{
		jobProperty("State", enumJobState.Name, func(j *job) powershell.Value { return enumJobState.Of(j.stateNow()) }),
		jobProperty("HasMoreData", tBool, func(j *job) powershell.Value {
			values, errors := j.take(true)
			return len(values)+len(errors) > 0
		}),
		jobProperty("Location", tString, func(*job) powershell.Value { return "localhost" }),
		jobProperty("Command", tString, func(j *job) powershell.Value { return j.command }),
		jobProperty("Id", tInt32, func(j *job) powershell.Value { return int32(j.id) }),
		jobProperty("Name", tString, func(j *job) powershell.Value { return j.name }),
	},
}

func jobProperty(name, typ string, get func(*job) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*job)) }}
}

// jobModule has the cmdlets that deal with jobs.
func jobModule() *powershell.Module {
	const commands = "Microsoft.PowerShell.Commands."
	named := func(set string, positional bool) map[string]powershell.Setting {
		return map[string]powershell.Setting{set: {Mandatory: true, Positional: positional}}
	}
	which := func(verb string, extra ...*powershell.Parameter) *powershell.Cmdlet {
		piped := map[string]powershell.Setting{"Job": {Mandatory: true, Positional: true, ByValue: true, ByPropertyName: true}}
		return &powershell.Cmdlet{
			Name: verb + "-Job", ErrorName: commands + verb + "JobCommand", DefaultSet: "Job",
			Parameters: append([]*powershell.Parameter{
				{Name: "Job", Type: "Job[]", Sets: piped},
				{Name: "Id", Type: "int[]", Sets: named("Id", false)},
				{Name: "Name", Type: "string[]", Sets: named("Name", false)},
			}, extra...),
		}
	}
	flag := func(name string) *powershell.Parameter { return &powershell.Parameter{Name: name, Type: "switch"} }
	get := which("Get")
	get.DefaultSet = "Id"
	get.Parameters = []*powershell.Parameter{
		{Name: "Id", Type: "int[]", Sets: map[string]powershell.Setting{"Id": {Positional: true}}},
		{Name: "Name", Type: "string[]", Sets: named("Name", false)},
	}
	wait := which("Wait", flag("Force"), &powershell.Parameter{Name: "Timeout", Type: "int", Aliases: []string{"TimeoutSec"}})
	receive := which("Receive", flag("Keep"), flag("Wait"), flag("AutoRemoveJob"))
	stop, remove := which("Stop"), which("Remove", flag("Force"))
	get.Process = onJobs((*call).writeJobs)
	wait.Process = onJobs((*call).waitJobs)
	receive.Process = onJobs((*call).receiveJobs)
	stop.Process = onJobs((*call).stopJobs)
	remove.Process = onJobs((*call).removeJobs)
	return &powershell.Module{Name: "Microsoft.PowerShell.Core", Version: "3.0.0.0", Classes: []*powershell.Class{classJob}, Enums: []*powershell.EnumType{enumJobState},
		Cmdlets: []*powershell.Cmdlet{get, wait, receive, stop, remove}}
}

// onJobs runs something on the jobs a call names.
func onJobs(run func(c *call, list []*job) error) func(*powershell.Call) error {
	return func(pc *powershell.Call) error {
		c := newCall(pc, "Job")
		list, err := c.chosenJobs()
		if err != nil {
			return err
		}
		return run(c, list)
	}
}

// chosenJobs are the jobs a call names; all of them when it names none.
func (c *call) chosenJobs() ([]*job, error) {
	if c.Has("Job") {
		var list []*job
		for _, d := range c.Data("Job") {
			if j, ok := d.(*job); ok {
				list = append(list, j)
			}
		}
		return list, nil
	}
	c.jobs.mu.Lock()
	all := slices.Clone(c.jobs.all)
	c.jobs.mu.Unlock()
	var list []*job
	for _, j := range all {
		if matches(c.Strings("Name"), j.name) && c.hasID(j.id) {
			list = append(list, j)
		}
	}
	if len(list) == 0 && (c.Has("Id") || c.Has("Name") && !powershell.HasWildcard(c.String("Name"))) {
		return nil, c.Error(powershell.NewErrorRecord("System.Management.Automation.PSArgumentException", "JobWithSpecifiedSessionNotFound", powershell.ObjectNotFound,
			"The command cannot find the job because no job of that identity exists."))
	}
	return list, nil
}

func (c *call) hasID(id int) bool {
	if !c.Has("Id") {
		return true
	}
	for _, v := range c.Items("Id") {
		if v == powershell.Value(int32(id)) {
			return true
		}
	}
	return false
}

func (c *call) writeJobs(list []*job) error {
	for _, j := range list {
		if err := c.Write(powershell.NewInstance(classJob, j)); err != nil {
			return err
		}
	}
	return nil
}

// waitJobs waits for jobs to end, no longer than -Timeout seconds of the
// host's time, and puts out those that have.
func (c *call) waitJobs(list []*job) error {
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	var timeout <-chan struct{}
	if c.Has("Timeout") && c.Int("Timeout") >= 0 {
		over := make(chan struct{})
		timeout = over
		var sleeping sync.WaitGroup
		sleeping.Go(func() {
			if c.host.sleep(ctx, time.Duration(c.Int("Timeout"))*time.Second) == nil {
				close(over)
			}
		})
		defer sleeping.Wait()
		defer cancel()
	}
	var ended []*job
	for _, j := range list {
		select {
		case <-j.done:
		case <-timeout:
		case <-c.Context().Done():
			return c.Context().Err()
		}
		if j.over() {
			ended = append(ended, j)
		}
	}
	return c.writeJobs(ended)
}

func (c *call) receiveJobs(list []*job) error {
	for _, j := range list {
		if c.Switch("Wait") {
			select {
			case <-j.done:
			case <-c.Context().Done():
				return c.Context().Err()
			}
		}
		values, errors := j.take(c.Switch("Keep"))
		if err := c.write(values, nil); err != nil {
			return err
		}
		if c.Switch("AutoRemoveJob") {
			c.jobs.remove(j)
		}
		for _, r := range errors {
			if err := c.Error(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) stopJobs(list []*job) error {
	for _, j := range list {
		j.cancel()
		select {
		case <-j.done:
		case <-c.Context().Done():
			return c.Context().Err()
		}
	}
	return nil
}

func (c *call) removeJobs(list []*job) error {
	for _, j := range list {
		if !j.over() && !c.Switch("Force") {
			r := powershell.NewErrorRecord("System.ArgumentException", "JobWithSpecifiedIdNotCompleted", powershell.InvalidOperation,
				fmt.Sprintf("The command cannot remove the job with the job ID %d because the job is not finished.", j.id))
			if err := c.Error(r); err != nil {
				return err
			}
			continue
		}
		j.cancel()
		c.jobs.remove(j)
	}
	return nil
}

func (js *jobs) remove(j *job) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.all = slices.DeleteFunc(js.all, func(o *job) bool { return o == j })
}
