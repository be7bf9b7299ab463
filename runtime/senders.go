package runtime

import (
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// senders are the tasks, in whatever instance, that write to the repartition topics in front of a task, and how far the event time of each has
// come. Event time is the least of theirs, as in memory: only that their watermarks come in records. So do their ends, in a drain of the job.
type senders struct {
	names   []checkpoint.InputWatermark // exchange and sender; the rest is not used
	index   map[checkpoint.InputWatermark]int
	valve   valve
	drained []string // by which drain each has come to its end
}

// newSenders expects every task that can write to t, with the marks of a manifest. Nil for a task that is fed in memory.
func newSenders(t *task, m *checkpoint.Manifest) *senders {
	in := t.attempt.in
	if in.single() || t.shard == nil {
		return nil
	}
	s := &senders{index: map[checkpoint.InputWatermark]int{}}
	var timeless []bool
	for _, x := range t.stage.Inputs {
		for i := range in.o.Plan.Stages {
			stage := &in.o.Plan.Stages[i]
			if !slices.Contains(stage.Sends, x) {
				continue
			}
			for _, sender := range in.sendersOf(stage, t.attempt.counts) {
				name := checkpoint.InputWatermark{Operator: in.o.Plan.Exchanges[x].UID, Sender: sender}
				s.index[name] = len(s.names)
				s.names, timeless = append(s.names, name), append(timeless, !stage.EventTime)
			}
		}
	}
	s.valve, s.drained = newValve(len(s.names)), make([]string, len(s.names))
	s.valve.timeless = timeless
	s.valve.now.wm = t.time.begun()
	for _, i := range m.Inputs {
		if i.Watermark != 0 {
			s.take(i.Operator, operators.Mark{Sender: i.Sender, Watermark: i.Watermark, Idle: i.Idle})
		}
		if i.Drained != "" {
			s.end(i.Operator, operators.End{Sender: i.Sender, Drain: i.Drained})
		}
	}
	return s
}

// sendersOf names the tasks of a stage that sends to an exchange.
func (in *Instance) sendersOf(s *stream.Stage, counts map[string]int) (names []string) {
	if s.Source == nil {
		for n := range in.topology.parallelism {
			names = append(names, keyedSender(s.UID, n))
		}
		return names
	}
	for _, p := range in.topology.partitions(counts) {
		if in.reads(s.Source, p.Topic) {
			names = append(names, sourceSender(p))
		}
	}
	return names
}

func keyedSender(uid string, number int) string { return fmt.Sprintf("%s#%d", uid, number) }
func sourceSender(p txn.Partition) string       { return fmt.Sprintf("%s/%d", p.Topic, p.ID) }

// take notes a sender's mark. One of a sender that the job has no more, or that has no event time any more, changes nothing.
func (s *senders) take(exchange string, m operators.Mark) (now mark, changed bool) {
	i, ok := s.index[checkpoint.InputWatermark{Operator: exchange, Sender: m.Sender}]
	if !ok || s.valve.timeless[i] {
		return s.valve.now, false
	}
	return s.valve.take(i, mark{wm: m.Watermark, idle: m.Idle})
}

// end notes that a sender has come to its end. It says whether all have, by this drain.
func (s *senders) end(exchange string, e operators.End) (all bool) {
	i, ok := s.index[checkpoint.InputWatermark{Operator: exchange, Sender: e.Sender}]
	if !ok {
		return false
	}
	s.drained[i] = e.Drain
	return s.drainedBy() == e.Drain
}

// drainedBy is the drain by which all have come to their ends; empty: there is none.
func (s *senders) drainedBy() string {
	if s == nil {
		return ""
	}
	return commonDrain(slices.Values(s.drained))
}

// list is for the manifest: the marks and ends of all that have sent one.
func (s *senders) list() (all []checkpoint.InputWatermark) {
	if s == nil {
		return nil
	}
	for i, name := range s.names {
		if in := s.valve.inputs[i]; in.wm != operators.NoWatermark {
			name.Watermark, name.Idle = in.wm, in.idle
		}
		if name.Drained = s.drained[i]; name.Watermark != 0 || name.Drained != "" {
			all = append(all, name)
		}
	}
	return all
}

// repartitioned takes a batch of a repartition topic: records, and between them marks and ends.
func (t *task) repartitioned(b *txn.Batch) error {
	x, _ := t.attempt.in.topology.exchangeOf(b.Partition.Topic)
	rest := b.Records
	for i := range b.Records {
		heed, err := t.word(x, &b.Records[i])
		if err != nil {
			return fmt.Errorf("%s[%d]@%d: %w", b.Partition.Topic, b.Partition.ID, b.Records[i].Offset, err)
		}
		if heed == nil {
			continue
		}
		done := len(b.Records) - len(rest)
		if err := t.fromTopic(x, b, b.Records[done:i]); err != nil {
			return err
		}
		rest = b.Records[i+1:]
		if err := heed(); err != nil {
			return err
		}
	}
	return t.fromTopic(x, b, rest)
}

// own refuses what another job has written. Two jobs have one topic when the names that it is made of run into each other: job a with the uid b-c, and
// job a-b with the uid c. What versions wrote that gave no key is taken for the job's own.
func (in *Instance) own(key []byte, uid string) error {
	if len(key) == 0 || string(key) == in.o.JobID {
		return nil
	}
	return fmt.Errorf("%w: a record of job %q, but this is job %q: both have a repartition topic of this name, which is made of a job's id and an operator's uid. Give one of them another WEIR_JOB_ID, or operator %q another uid",
		ErrConfig, key, in.o.JobID, uid)
}

// word is what follows from a record of the job that is a sender's own word rather than a batch of the stream; nil: it is a batch.
func (t *task) word(exchange int, r *txn.Record) (heed func() error, err error) {
	uid := t.attempt.in.o.Plan.Exchanges[exchange].UID
	if err := t.attempt.in.own(r.Key, uid); err != nil {
		return nil, err
	}
	if m, ok, err := operators.ReadMark(r.Value); ok || err != nil {
		return func() error {
			now, changed := t.senders.take(uid, m)
			if !changed {
				return nil
			}
			return t.advance(now)
		}, err
	}
	e, ok, err := operators.ReadEnd(r.Value)
	if !ok || err != nil {
		return nil, err
	}
	return func() error {
		if !t.senders.end(uid, e) {
			return nil
		}
		return t.endFor(e.Drain)
	}, nil
}

func (t *task) fromTopic(exchange int, b *txn.Batch, records []txn.Record) error {
	if len(records) == 0 {
		return nil
	}
	return t.chain.Topic(exchange, &txn.Batch{Partition: b.Partition, Records: records})
}

// writeMarks tells the tasks behind repartition topics how far event time has come here, behind all records of the epoch.
func (t *task) writeMarks() error {
	in := t.attempt.in
	now := t.behind()
	if in.single() || len(t.stage.Sends) == 0 || now.wm == operators.NoWatermark || now == t.time.told {
		return nil
	}
	t.time.told = now
	return t.tellAll(operators.Mark{Sender: t.sender(), Watermark: now.wm, Idle: now.idle}.Append(nil))
}

// sender is the task's name in repartition topics.
func (t *task) sender() string {
	if t.shard != nil {
		return keyedSender(t.stage.UID, t.number)
	}
	return sourceSender(t.partition)
}

// tellAll writes one and the same record for every task behind the repartition topics.
func (t *task) tellAll(value []byte) error {
	in := t.attempt.in
	key := []byte(in.o.JobID)
	var records []txn.Record
	for _, x := range t.stage.Sends {
		for i := range in.topology.parallelism {
			records = append(records, txn.Record{Topic: in.topology.repartition[x], Partition: int32(i), Key: key, Value: value})
		}
	}
	return t.produce(records)
}

// announce tells the protocol that there is something to commit that no record stands for: others wait for our word.
func (t *task) announce() {
	if !t.attempt.in.single() && len(t.stage.Sends) > 0 {
		t.attempt.worked(t.epoch)
	}
}
