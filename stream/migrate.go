package stream

import (
	"errors"
	"fmt"

	"github.com/weirstream/weir/state"
)

// Migration turns the values of a state in a savepoint into those that the job keeps today.
type Migration struct {
	UID, Name string
	// Codec and Schema are those of the values in the savepoint.
	Codec, Schema string
	To            string // the codec of the values that Convert makes
	Convert       func(value []byte) ([]byte, error)
}

// Migrate lets the job start from savepoints in which the values of a state were written by another codec: convert makes today's values of them. The state is the one called
// name of the operator uid, of any kind but timers; of a list or a map each element is a value. Keys stay as they are. The values are
// converted while the savepoint is loaded, all before the first record is processed, so convert need not be kept afterwards. A Value, a Reducing and an
// Aggregating state can also become one another.
//
// A migration of a codec to itself, such as of a JSON type to one with other fields, is for savepoints that recorded the schema of from.
// State of other savepoints, also of newer ones, is left as it is.
func Migrate[Old, New any](j *Job, uid, name string, from state.Codec[Old], to state.Codec[New], convert func(Old) (New, error)) {
	m := Migration{UID: uid, Name: name}
	switch {
	case from == nil || to == nil:
		j.mistakes = append(j.mistakes, m.wrap(errors.New("its codec is nil")))
		return
	case convert == nil:
		j.mistakes = append(j.mistakes, m.wrap(errors.New("its function is nil")))
		return
	}
	m.Codec, m.Schema, m.To = from.Name(), schema(from), to.Name()
	if m.Codec == m.To && (m.Schema == "" || m.Schema == schema(to)) {
		j.mistakes = append(j.mistakes, m.wrap(fmt.Errorf("from and to are one codec, %s: there is nothing to convert", m.To)))
	}
	m.Convert = func(value []byte) ([]byte, error) {
		old, err := from.Decode(value)
		if err != nil {
			return nil, err
		}
		v, err := convert(old)
		if err != nil {
			return nil, err
		}
		return to.Append(nil, v)
	}
	j.migrations = append(j.migrations, m)
}

// For says whether the migration is for a state that a savepoint recorded so, and that the job keeps as now says.
func (m *Migration) For(recorded, now state.Descriptor) bool {
	return m.UID == recorded.UID && m.Name == recorded.Name && m.Codec == recorded.ValueCodec && m.To == now.ValueCodec &&
		(m.Codec != m.To || m.Schema == recorded.Schema)
}

// checkMigrations compares them with the states that the job keeps.
func (j *Job) checkMigrations(states []state.Descriptor) (errs []error) {
	errs = append(errs, j.mistakes...)
	byName := map[[2]string]state.Descriptor{}
	for _, d := range states {
		byName[[2]string{d.UID, d.Name}] = d
	}
	for i := range j.migrations {
		m := &j.migrations[i]
		d, ok := byName[[2]string{m.UID, m.Name}]
		switch {
		case !ok:
			errs = append(errs, m.wrap(errors.New("the job has no such state")))
		case d.Kind == state.KindTimer:
			errs = append(errs, m.wrap(errors.New("timers have no values")))
		case d.ValueCodec != m.To:
			errs = append(errs, m.wrap(fmt.Errorf("it makes values of codec %s, but the state's is %s", m.To, d.ValueCodec)))
		}
	}
	return errs
}

func (m *Migration) wrap(err error) error {
	return fmt.Errorf("Migrate of state %q of operator %q: %w", m.Name, m.UID, err)
}

func schema(codec any) string {
	if s, ok := codec.(interface{ Schema() string }); ok {
		return s.Schema()
	}
	return ""
}
