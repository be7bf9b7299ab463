package stream

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/weirstream/weir/state"
)

// name is what is allowed in names that become part of topics, folders and ids: what Kafka allows for topics.
var name = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

const nameRule = "want 1 to 100 letters, digits, '.', '_' or '-'"

// check finds all mistakes that show without running.
func (j *Job) check() error {
	var errs []error
	if !name.MatchString(j.name) {
		errs = append(errs, fmt.Errorf("the job's name is %q: %s", j.name, nameRule))
	}
	sources := 0
	uids := map[string]*node{}
	topics := map[string]*node{}
	for _, n := range j.nodes {
		mistakes := append(n.mistakes(), n.clashes(uids, topics)...)
		for _, err := range mistakes {
			errs = append(errs, n.wrap(err))
		}
		if n.source() {
			sources++
		}
	}
	if sources == 0 {
		errs = append(errs, errors.New("it has no source: begin with stream.From"))
	}
	for _, n := range j.nodes {
		for _, err := range n.checkPolicy(topics) {
			errs = append(errs, n.wrap(err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return j.checkStates()
}

// mistakes are what is wrong with n by itself.
func (n *node) mistakes() []error {
	errs := n.errs[:len(n.errs):len(n.errs)]
	if n.uid != "" && !name.MatchString(n.uid) {
		errs = append(errs, fmt.Errorf("its uid is malformed: %s", nameRule))
	}
	if n.stateful && n.uid == "" {
		errs = append(errs, errors.New(`it keeps state and needs a uid by which that is found again: add stream.UID("…")`))
	}
	if n.source() && len(n.reading.Topics) == 0 && n.reading.Pattern == nil {
		errs = append(errs, errors.New("it reads no topic"))
	}
	if n.states == nil && n.open == nil && len(n.sides) > 0 {
		errs = append(errs, errors.New("it has no side outputs: those of Process, Split and of windows have"))
	}
	// State alone is a reason to be; anything else has to reach a sink.
	if n.reads == 0 && n.kind != "sink" && !n.stateful {
		errs = append(errs, errors.New("nothing consumes its output: end with stream.To"))
	}
	errs = append(errs, n.misplaced()...)
	return append(append(errs, n.misread()...), n.timeless()...)
}

// misplaced finds options of other operators.
func (n *node) misplaced() (errs []error) {
	if err := n.misplacedCalls(); err != nil {
		errs = append(errs, err)
	}
	if n.kind != "windowjoin" && n.kind != "intervaljoin" && (n.lateLeft != nil || n.lateRight != nil) {
		errs = append(errs, errors.New("LateLeft and LateRight are options of WindowJoin and IntervalJoin"))
	}
	if n.ttl != nil && n.kind != "jointable" {
		errs = append(errs, errors.New("TableTTL is an option of JoinTable"))
	}
	if n.partition != nil && n.kind != "sink" {
		errs = append(errs, errors.New("PartitionBy is an option of sinks"))
	}
	return errs
}

func (n *node) source() bool { return n.kind == "source" }

// clashes are what n has in common with an earlier operator and must not.
func (n *node) clashes(uids, topics map[string]*node) (errs []error) {
	if n.uid != "" {
		if other := uids[n.uid]; other != nil {
			errs = append(errs, fmt.Errorf("its uid is also that of another operator (%s-%d and %s-%d)",
				other.kind, other.number, n.kind, n.number))
		}
		uids[n.uid] = n
	}
	for _, topic := range n.reading.Topics {
		if topic == "" {
			errs = append(errs, errors.New("the name of a topic is empty"))
			continue
		}
		switch other := topics[topic]; other {
		case nil:
			topics[topic] = n
		case n:
			errs = append(errs, fmt.Errorf("it lists topic %q twice", topic))
		default:
			errs = append(errs, fmt.Errorf("topic %q is read by source %q already: give that one several consumers", topic, other.label()))
		}
	}
	return errs
}

// checkStates lets every operator declare its states once.
func (j *Job) checkStates() error {
	reg, err := state.NewRegistry(nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range j.nodes {
		if n.open != nil {
			errs = append(errs, n.open())
		}
		if n.states == nil {
			continue
		}
		if err := n.states(reg); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		errs = j.checkMigrations(reg.Descriptors())
	}
	return errors.Join(errs...)
}
