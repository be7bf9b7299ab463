package runtime

import (
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/txn"
)

// senders are the tasks, in whatever instance, that write to the repartition topics in front of a task, and how far the event time of each has
// come. Event time is the least of theirs, as in memory: only that their watermarks come in records.
type senders struct {
	names []checkpoint.InputWatermark // exchange and sender; the rest is not used
	index map[checkpoint.InputWatermark]int
	valve valve
}

// newSenders expects every task that can write to t, with the marks of a manifest. Nil for a task that is fed in memory.
func newSenders(t *task, m *checkpoint.Manifest) *senders {
	in := t.attempt.in
	if in.single() || t.shard == nil {
		return nil
	}
	s := &senders{index: map[checkpoint.InputWatermark]int{}}
	for _, x := range t.stage.Inputs {
		for _, sender := range in.sendersTo(x, t.attempt.counts) { // those without event time are not waited for
			name := checkpoint.InputWatermark{Operator: in.o.Plan.Exchanges[x].UID, Sender: sender}
			s.index[name] = len(s.names)
			s.names = append(s.names, name)
		}
	}
	s.valve = newValve(len(s.names))
	s.valve.now.wm = t.time.begun()
	for _, i := range m.Inputs {
		s.take(i.Operator, operators.Mark{Sender: i.Sender, Watermark: i.Watermark, Idle: i.Idle})
	}
	return s
}

// sendersTo names the tasks that send watermarks to an exchange.
func (in *Instance) sendersTo(exchange int, counts map[string]int) (names []string) {
	for i := range in.o.Plan.Stages {
		s := &in.o.Plan.Stages[i]
		if !slices.Contains(s.Sends, exchange) || !s.EventTime {
			continue
		}
		if s.Source == nil {
			for n := range in.topology.parallelism {
				names = append(names, keyedSender(s.UID, n))
			}
			continue
		}
		for _, p := range in.topology.partitions(counts) {
			if in.reads(s.Source, p.Topic) {
				names = append(names, sourceSender(p))
			}
		}
	}
	return names
}

func keyedSender(uid string, number int) string { return fmt.Sprintf("%s#%d", uid, number) }
func sourceSender(p txn.Partition) string       { return fmt.Sprintf("%s/%d", p.Topic, p.ID) }

// take notes a sender's mark. One of a sender that the job has no more changes nothing.
func (s *senders) take(exchange string, m operators.Mark) (now mark, changed bool) {
	i, ok := s.index[checkpoint.InputWatermark{Operator: exchange, Sender: m.Sender}]
	if !ok {
		return s.valve.now, false
	}
	return s.valve.take(i, mark{wm: m.Watermark, idle: m.Idle})
}

// list is for the manifest: the marks of all that have sent one.
func (s *senders) list() (all []checkpoint.InputWatermark) {
	if s == nil {
		return nil
	}
	for i, name := range s.names {
		if in := s.valve.inputs[i]; in.wm != operators.NoWatermark {
			name.Watermark, name.Idle = in.wm, in.idle
			all = append(all, name)
		}
	}
	return all
}

// repartitioned takes a batch of a repartition topic: records, and between them marks.
func (t *task) repartitioned(b *txn.Batch) error {
	in := t.attempt.in
	x, _ := in.topology.exchangeOf(b.Partition.Topic)
	rest := b.Records
	for i := range b.Records {
		m, ok, err := operators.ReadMark(b.Records[i].Value)
		if err != nil {
			return fmt.Errorf("%s[%d]@%d: %w", b.Partition.Topic, b.Partition.ID, b.Records[i].Offset, err)
		}
		if !ok {
			continue
		}
		done := len(b.Records) - len(rest)
		if err := t.fromTopic(x, b, b.Records[done:i]); err != nil {
			return err
		}
		rest = b.Records[i+1:]
		if now, changed := t.senders.take(in.o.Plan.Exchanges[x].UID, m); changed {
			if err := t.advance(now); err != nil {
				return err
			}
		}
	}
	return t.fromTopic(x, b, rest)
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
	sender := sourceSender(t.partition)
	if t.shard != nil {
		sender = keyedSender(t.stage.UID, t.number)
	}
	value := operators.Mark{Sender: sender, Watermark: now.wm, Idle: now.idle}.Append(nil)
	var records []txn.Record
	for _, x := range t.stage.Sends {
		for i := range in.topology.parallelism {
			records = append(records, txn.Record{Topic: in.topology.repartition[x], Partition: int32(i), Value: value})
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
