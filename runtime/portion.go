package runtime

import (
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/txn"
)

const (
	// portionTime is how long a task should be at what it takes at a time: a barrier waits behind a few of these for each of its inputs.
	portionTime = 10 * time.Millisecond
	// portionLeast bounds how short that is for tasks with many inputs.
	portionLeast = time.Millisecond
	// firstPacked is what a batch through a repartition topic has at most before it is known how fast these are taken: it can't be taken in parts.
	firstPacked = 16
	// packedMost is more than what fits.
	packedMost = 4096
)

// portion is how many records a task takes at a time, so that it is at them for as long as asked: functions of a job may take a microsecond or a
// second. It begins small with each attempt and grows as the task is seen to keep up: a task that has become slow has a transaction expire once, and not
// each that follows.
type portion struct {
	n    atomic.Int64
	most int64 // 0: n stays as it is
	time time.Duration
}

// begin starts with first records of most, for a task with so many inputs.
func (p *portion) begin(first, most int64, inputs int) {
	p.n.Store(first)
	p.most = most
	p.time = max(portionLeast, portionTime*exchangeQueue/time.Duration(max(inputs, exchangeQueue)))
}

// max is the most records to take at a time.
func (p *portion) max() int { return int(p.n.Load()) }

// took hears that the task was at some records for as long as d.
func (p *portion) took(records int, d time.Duration) {
	if records == 0 || p.most == 0 {
		return
	}
	now := p.n.Load()
	switch whole := d * time.Duration(now) / time.Duration(records); {
	case whole > p.time:
		p.n.Store(max(now/2, 1))
	case whole < p.time/2:
		p.n.Store(min(now*2, p.most))
	}
}

// portions are those of a task: of what it reads from Kafka, in its records, and of what the tasks before it send, in the stream's.
type portions struct{ read, sent portion }

// begin starts both; inputs are those of the task's inbox.
func (p *portions) begin(o *Options, inputs int) {
	if o.Portion > 0 {
		p.read.n.Store(int64(o.Portion))
		p.sent.n.Store(int64(o.Portion))
		return
	}
	p.read.begin(1, pollMax, 1)
	first := int64(1)
	if o.Exchange != "" {
		first = firstPacked
	}
	p.sent.begin(first, packedMost, inputs)
}

// measure follows how long the task is at a message.
func (t *task) measure(m message) error {
	if m.source == nil && m.batch == nil {
		return t.work(m)
	}
	began, records, before := time.Now(), 0, t.taken()
	if m.source != nil {
		records = len(m.source.Records) // it is the chain's from now on
	}
	err := t.work(m)
	d := time.Since(began)
	t.portions.read.took(records, d)
	t.portions.sent.took(t.taken()-before, d)
	return err
}

// taken counts the records that have come through exchanges.
func (t *task) taken() int {
	if t.chain.Taken == nil {
		return 0
	}
	return t.chain.Taken()
}

// sentMost is how many records a batch for a task behind an exchange should have at most. Behind a repartition topic it may be another instance's task; those that
// are here are as fast, and without any it is not known.
func (a *attempt) sentMost(exchange, target int) int {
	if keyed := a.keyed[exchange]; target < len(keyed) {
		return keyed[target].portions.sent.max()
	}
	least := packedMost
	for _, t := range a.packed[exchange] {
		least = min(least, t.portions.sent.max())
	}
	return least
}

// portion is how many records of a partition go to its task at a time.
func (a *attempt) portion(p txn.Partition) int {
	if t := a.readers[p]; t != nil {
		return t.portions.read.max()
	}
	return 1
}
