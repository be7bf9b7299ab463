package rows

import (
	"fmt"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
)

// Arm sets the timers without which a window would never emit: at its end, and, in event time, when its lateness is over. Early results have none: they begin with
// the first record that comes to the window.
type Arm struct {
	Domain   state.Domain
	Lateness int64 // ms
}

// hasWindows says whether a state has an entry for each open window.
func hasWindows(d state.Descriptor) bool {
	return d.Kind == state.KindMap && d.MapKeyCodec == operators.WindowCodec{}.Name()
}

// hasSessions says whether a state has all open sessions of a key in one value.
func hasSessions(d state.Descriptor) bool {
	c, _ := codecOf(d.ValueCodec)
	_, are := c.(sessions)
	return d.Kind == state.KindValue && are
}

// windows sets the timers of the window that is a key in a map.
func (a *Arm) windows(to *savepoint.StateWriter, key, mapKey []byte) error {
	w, err := operators.WindowCodec{}.Decode(mapKey)
	if err != nil {
		return err
	}
	return a.set(to, key, w)
}

// sessions sets the timers of all sessions of a key. The operator looks for a record's session by its time, so they must be as it keeps them.
func (a *Arm) sessions(to *savepoint.StateWriter, key, value []byte) error {
	open, err := operators.SessionsCodec[[]byte]{Acc: plain{}}.Decode(value)
	if err != nil {
		return err
	}
	for i, s := range open {
		if s.Window.End <= s.Window.Start || i > 0 && s.Window.Start <= open[i-1].Window.End {
			return fmt.Errorf("session %d of key %s is empty, or touches or precedes the one before: expected those of a key by their time, with a gap between", i+1, excerpt(key))
		}
		if err := a.set(to, key, s.Window); err != nil {
			return err
		}
	}
	return nil
}

func (a *Arm) set(to *savepoint.StateWriter, key []byte, w operators.Window) error {
	namespace, err := operators.WindowCodec{}.Append(nil, w)
	if err != nil {
		return err
	}
	if a.Domain == state.ProcessingTime {
		return to.Timer(key, state.ProcessingTime, w.End, namespace)
	}
	if err := to.Timer(key, state.EventTime, w.End-1, namespace); err != nil || a.Lateness == 0 {
		return err
	}
	return to.Timer(key, state.EventTime, w.End-1+a.Lateness, namespace)
}
