package hypersim

// job is work of a host's management service that takes time: its effect comes
// when it ends, and none comes when its host dies before.
type job struct {
	m       *Machine
	vm      *vmCopy
	what    string // the cmdlet, for the journal
	locks   bool   // holds the VM's operation lock
	done    bool
	aborted bool // its host died
	changed bool // it had an effect
	err     *CmdletError
	// finish has the effect; it may refuse it after all. Nil means there is none.
	finish func(j *job) *CmdletError
	// abort takes back what the beginning of the job did. May be nil.
	abort func()
	// waiter is the visit that goes on when the job is done.
	waiter *visit
}

// begin starts a job that ends after d. With locks, no other operation on the
// VM may begin until then; the caller has checked that none is running.
func (m *Machine) begin(j *job, d Duration) *job {
	j.m, j.changed = m, true
	m.jobs = append(m.jobs, j)
	if j.locks {
		j.vm.op = j
	}
	m.w.schedule(m.w.now.plus(d), j, 0)
	return j
}

func (j *job) on() *Machine { return j.m }

func (j *job) fire(*World, uint32) {
	if j.done {
		return
	}
	j.release()
	if j.finish != nil && !j.vm.removed {
		j.err = j.finish(j)
	}
	j.settle()
}

// cancel ends a job without its effect because its host died.
func (j *job) cancel() {
	if j.done {
		return
	}
	j.aborted = true
	j.release()
	if j.abort != nil {
		j.abort()
	}
	j.settle()
}

// release gives the VM's lock back before the effect, which may begin a job of
// its own such as a merge.
func (j *job) release() {
	j.m.jobs = without(j.m.jobs, j)
	if j.locks && j.vm.op == j {
		j.vm.op = nil
	}
}

// settle marks the job done, writes the journal and lets its visit go on.
func (j *job) settle() {
	j.done = true
	j.changed = j.changed && j.err == nil && !j.aborted
	if j.what != "" {
		j.m.w.log.cmdlet(j.m, j.what, j.vm, j.changed, j.err, j.aborted)
	}
	v := j.waiter
	j.waiter = nil
	switch {
	case v == nil:
	case j.aborted:
		v.lose()
	default:
		v.proceed()
	}
}
