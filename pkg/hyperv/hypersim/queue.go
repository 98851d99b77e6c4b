package hypersim

// due is something that happens at a moment of simulated time.
type due interface {
	// on is the host whose management service carries it out. While that host
	// is frozen it waits; nil means nothing can hold it up.
	on() *Machine
	// fire carries it out. The turn is the one given when it was scheduled; a
	// due whose turn has passed does nothing.
	fire(w *World, turn uint32)
}

// event is one entry of the queue.
type event struct {
	at   instant
	seq  uint64 // breaks ties: first scheduled, first fired
	turn uint32
	what due
}

// queue is a binary heap of events by time, then by order of scheduling. It
// holds values, because container/heap would allocate for each.
type queue []event

func (q queue) less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}

func (q *queue) push(e event) {
	*q = append(*q, e)
	h := *q
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

func (q *queue) pop() event {
	h := *q
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h[last] = event{}
	h = h[:last]
	*q = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if child+1 < last && h.less(child+1, child) {
			child++
		}
		if !h.less(child, i) {
			return first
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
