package stream

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/schema"
)

// Migration turns the values of a state in a savepoint into those that the job keeps today.
type Migration struct {
	UID, Name string
	// Codec and Schema are those of the values in the savepoint.
	Codec, Schema string
	// To and ToSchema are those of the values that Convert makes.
	To, ToSchema string
	Convert      func(value []byte) ([]byte, error)
	// from is the name of the Go type, if to's is another: older versions recorded it as the schema of JSON.
	from string
}

// Migrate lets the job start from savepoints in which the values of a state were written by another codec: convert makes today's values of them. The state is the one called
// name of the operator uid, of any kind but timers; of a list or a map each element is a value. Keys stay as they are. The values are
// converted while the savepoint is loaded, all before the first record is processed, so convert need not be kept afterwards. A Value, a Reducing and an
// Aggregating state can also become one another.
//
// A codec can be migrated to itself too, such as JSON of a type to JSON of one with other fields. Values are converted if the schema that the savepoint recorded is
// like that of from, and left as they are if it is like that of to, as in newer savepoints. If neither can be said the start is refused. It is the fields that
// count, not what the types are called: so call the old one as you like. Only savepoints of versions that recorded no more than the type's name go by that.
//
// A migration is of a start from a savepoint. A job that goes on from its own commit point with state that is still to be converted is refused.
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
	m.Codec, m.Schema, m.To, m.ToSchema = from.Name(), state.SchemaOf(from), to.Name(), state.SchemaOf(to)
	if was, is := reflect.TypeFor[Old]().String(), reflect.TypeFor[New]().String(); was != is && state.IsJSON(m.Codec) {
		m.from = was
	}
	if m.Codec == m.To && m.Schema == m.ToSchema {
		why := "there is nothing to convert"
		if m.Schema != "" {
			why = fmt.Sprintf("with one schema, %s: values that are converted could not be told from those that are not, so give a field another name", m.Schema)
		}
		j.mistakes = append(j.mistakes, m.wrap(fmt.Errorf("from and to are one codec, %s: %s", m.To, why)))
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

// For says whether the migration is for the state.
func (m *Migration) For(d state.Descriptor) bool { return m.UID == d.UID && m.Name == d.Name }

// Applies says whether the recorded values of the migration's state are to be converted. If not they are what it makes, or of a codec that it is not for.
// Its error: that can't be told.
func (m *Migration) Applies(recorded state.Descriptor) (bool, error) {
	if recorded.ValueCodec != m.Codec {
		return false, nil
	}
	if m.Codec != m.To {
		c := recorded.Compare(state.Descriptor{ValueCodec: m.Codec, Schema: m.Schema})
		if len(c.Broken) > 0 {
			return false, m.wrap(fmt.Errorf("its old type can't read the values (%s): their schema is %s, and that of the type %s", strings.Join(c.Broken, "; "), recorded.Schema, m.Schema))
		}
		return true, nil
	}
	old, now := schema.Likeness(recorded.Schema, m.Schema), schema.Likeness(recorded.Schema, m.ToSchema)
	switch {
	case old != now:
		return old > now, nil
	case m.from != "" && recorded.Schema == m.from:
		return true, nil
	case state.IsJSON(m.Codec) && !schema.Known(recorded.Schema):
		return false, m.wrap(fmt.Errorf("whether the values are to be converted can't be told: they were recorded by an older version or a tool, as %q, without their fields. If they are, give the "+
			"migration's old type this name and the new one another, or take a savepoint with the job as it was; if they are not, take the migration out", recorded.Schema))
	}
	return false, m.wrap(fmt.Errorf("whether the values are to be converted can't be told: their schema is %s, and the migration is from %s to %s. Give one of its types all fields that are recorded, "+
		"or take it out if they are not to be converted", recorded.Schema, m.Schema, m.ToSchema))
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
		case schema.Likeness(m.ToSchema, d.Schema) < 2 && schema.Known(m.ToSchema) && schema.Known(d.Schema):
			errs = append(errs, m.wrap(fmt.Errorf("it makes values of schema %s, but the state's is %s", m.ToSchema, d.Schema)))
		}
	}
	return errs
}

func (m *Migration) wrap(err error) error {
	return fmt.Errorf("Migrate of state %q of operator %q: %w", m.Name, m.UID, err)
}
