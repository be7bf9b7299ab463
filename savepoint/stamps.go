package savepoint

import (
	"encoding/binary"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// timed leaves out stamps of the event time 0, which records have that bring no time along: taken for 1970 they would end the life of a value before the job meets it. Without
// a stamp it begins then. Of a list, the stamps behind such a one go too: those of the last elements may be missing, no others.
func (g *graphState) timed(next checkpoint.Next) checkpoint.Next {
	stamps := g.stamps()
	left := uint64(0) // stamps of the list at work that stay
	return func() (state.Entry, bool, error) {
		for {
			e, ok, err := next()
			if err != nil || !ok {
				return e, ok, err
			}
			_, id, _, suffix, err := state.SplitKey(e.Key)
			if err != nil {
				return e, false, err
			}
			drop := false
			switch kind := stamps[id]; {
			case kind == state.KindList && len(suffix) == 0:
				left, err = g.leadingTimes(e.Key)
				e.Value, drop = binary.AppendUvarint(nil, left), left == 0
			case kind == state.KindList:
				drop = binary.BigEndian.Uint64(suffix) >= left
			case kind != "":
				drop = timeless(e.Value)
			}
			if err != nil || !drop {
				return e, err == nil, err
			}
		}
	}
}

// stamps are the states of the graphs that hold when values of others were last used, with their kinds.
func (g *graphState) stamps() map[uint16]state.Kind {
	kinds := map[uint16]state.Kind{}
	for _, d := range g.states {
		for _, of := range g.states {
			if d.IsStampsOf(of) && d.ValueCodec == (state.Int64{}).Name() {
				kinds[d.ID] = d.Kind
			}
		}
	}
	return kinds
}

// leadingTimes is how many stamps a list has before the first without a time.
func (g *graphState) leadingTimes(length []byte) (n uint64, err error) {
	from := append(append(make([]byte, 0, len(length)+8), length...), make([]byte, 8)...)
	to := append(append(make([]byte, 0, len(length)+8), length...), "\xff\xff\xff\xff\xff\xff\xff\xff"...)
	err = g.backend.Scan(from, to, func(_, value []byte) bool {
		if timeless(value) {
			return false
		}
		n++
		return true
	})
	return n, err
}

func timeless(value []byte) bool {
	at, err := state.Int64{}.Decode(value)
	return err == nil && at == 0
}
