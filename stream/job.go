package stream

import (
	"fmt"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Job is a dataflow graph under construction. The functions of this package add to it; mistakes are gathered and
// reported by Plan, all at once. A Job is not safe for concurrent use.
type Job struct {
	name       string
	nodes      []*node // inputs come before those that read them
	migrations []Migration
	mistakes   []error // of migrations
}

// NewJob begins a job. Its name is the default of JOB_ID, so it names the consumer group, the transactional ids and the
// checkpoint folder: letters, digits, '.', '_' and '-'.
func NewJob(name string) *Job { return &Job{name: name} }

// Name is the job's name.
func (j *Job) Name() string { return j.name }

// Stream is a flow of values of one type: what operators take and give. It can have any number of consumers, which each
// get every record, and the same one: nobody may change what a record points to.
type Stream[T any] interface {
	flow() *flow[T]
}

// flow is the output of a node.
type flow[T any] struct {
	node      *node
	tag       string // of a side output
	consumers []consumer[T]
}

// consumer builds an operator, and all that follow it, for one task.
type consumer[T any] func(b *builder) operators.Push[T]

func (f *flow[T]) flow() *flow[T] { return f }

func (f *flow[T]) feeds(c consumer[T]) { f.consumers = append(f.consumers, c) }

// build builds whatever consumes the flow within its stage.
func (f *flow[T]) build(b *builder) operators.Push[T] {
	next := make([]operators.Push[T], len(f.consumers))
	for i, consumer := range f.consumers {
		next[i] = consumer(b)
	}
	return operators.Tee(next)
}

// node is an operator of the graph without its types.
type node struct {
	job    *Job
	kind   string
	number int
	uid    string
	inputs []*node // one, but for sources and unions
	reads  int     // how many consumers it has
	errs   []error

	reading   SourceSpec // of a source: its topics and how they are read
	started   bool       // StartAt was given
	sinks     []string   // topics of a sink
	exchange  *int       // of a keyBy: where the exchange keeps its number
	stateful  bool
	event     eventTime      // of a source
	partition Partitioner    // of a sink
	needs     bool           // watermarks
	sides     map[string]any // *flow of each side output that is read, by tag
	late      any            // Tag of records that come too late, of a window
	onError   operators.Policy
	raw       *bool // whether source records travel on behind it, of sources and keyBys
	states    func(reg *state.Registry) error
	together  bool // its inputs come through exchanges into the same tasks: a join
	through   any  // Codec of its records in a repartition topic
	portable  bool // it has one
	keyless   int  // 1: the exchange is a broadcast
	silent    bool // only of its first input come records: others are looked up
	lateLeft  any  // Tag of records that come too late, of the sides of a join
	lateRight any
	ttl       *TTL // of the table that a join keeps
	// chain instantiates the stage that begins here, at a source; receive builds what is fed by a keyBy, in the stage behind it.
	chain   func(env *operators.Env) (*operators.Chain, error)
	receive func(b *builder) operators.Receiver

	calls *operators.Calls // of an async
	open  func() error     // of a split: lets it declare its side outputs, for the plan
	description
}

// Option is a setting of one operator.
type Option func(*node)

// UID names an operator for good: its state is found again by it, and errors, logs and metrics show it. Operators with
// state must have one. Letters, digits, '.', '_' and '-'.
func UID(uid string) Option { return func(n *node) { n.uid = uid } }

// add adds an operator behind inputs, of which a source has none.
func (j *Job) add(kind string, opts []Option, inputs ...*node) *node {
	n := &node{job: j, kind: kind, inputs: inputs, number: len(j.nodes) + 1}
	for _, in := range inputs {
		in.reads++
		n.need(in.job == j, "it takes streams of two jobs")
	}
	for _, opt := range opts {
		opt(n)
	}
	j.nodes = append(j.nodes, n)
	return n
}

// after adds an operator that reads s.
func after[T any](s Stream[T], kind string, opts []Option) (*flow[T], *node) {
	in := s.flow()
	n := in.node.job.add(kind, opts, in.node)
	n.tap(0, in.tag)
	return in, n
}

// label names the operator to people.
func (n *node) label() string {
	if n.uid != "" {
		return n.uid
	}
	return fmt.Sprintf("%s-%d", n.kind, n.number)
}

// need notes a mistake unless ok.
func (n *node) need(ok bool, mistake string, args ...any) {
	if !ok {
		n.errs = append(n.errs, fmt.Errorf(mistake, args...))
	}
}

// builder builds the chain of one stage for one task. Only its first error counts.
type builder struct {
	task  *operators.Task
	built map[*node]any // what was built of operators with several inputs
	err   error
}

// once builds an operator with several inputs only once for each task, even if several of them pass through it.
func once[F any](b *builder, n *node, build func() F) F {
	if f, ok := b.built[n].(F); ok {
		return f
	}
	if b.built == nil {
		b.built = map[*node]any{}
	}
	f := build()
	b.built[n] = f
	return f
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}
