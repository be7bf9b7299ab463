package console

import (
	"errors"
	"fmt"
	"testing"

	"github.com/weirstream/weir/state"
)

// newRules has the same broadcast state in both shards, a copy for each key group: rates of 30 currencies, by name and by number.
func newRules(t *testing.T) *shards {
	return filled(t, func(i int, store *state.Store) error {
		named, err1 := state.NewBroadcast(store, "ruled", "rates", state.String{}, state.Int64{})
		numbered, err2 := state.NewBroadcast(store, "ruled", "numbered", state.Int64{}, state.Int64{})
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		from, to := state.GroupRange(i, 2, groups)
		err := errors.Join(named.Load(from, to), numbered.Load(from, to))
		for n := range int64(30) {
			err = errors.Join(err, named.Put(fmt.Sprintf("c%02d", n), n), numbered.Put(n, n))
		}
		return err
	})
}

// Each entry of a broadcast state is told once, though every key group has it, and is found by its key, wherever the request goes.
func TestBroadcastState(t *testing.T) {
	for name, ours := range map[string][2]bool{"all": {true, true}, "first": {true, false}, "second": {false, true}} {
		t.Run(name, func(t *testing.T) {
			s := newRules(t)
			s.ours = ours
			seen, next := "", ""
			for pages := 0; ; pages++ {
				code, a, body := get(t, s, "/api/v1/state/ruled/rates?limit=7&after="+next)
				if code != 200 || pages > 5 {
					t.Fatalf("page %d: %d %s", pages, code, body)
				}
				for _, e := range a.Entries {
					seen += string(e.MapKey) + string(e.Value) + " "
				}
				if next = a.Next; next == "" {
					break
				}
				s.ours[0], s.ours[1] = s.ours[1], s.ours[0] // another shard has it as well
			}
			want := ""
			for n := range 30 {
				want += fmt.Sprintf("%q%d ", fmt.Sprintf("c%02d", n), n)
			}
			if seen != want {
				t.Errorf("entries %s", seen)
			}
			for path, want := range map[string]int{
				"rates/c07": 1, "rates/c0": 0, "rates/YzA3?encoding=base64": 1, "numbered/12": 1, "numbered/99": 0, "rates?prefix=c1": 10,
			} {
				code, a, body := get(t, s, "/api/v1/state/ruled/"+path)
				if len(a.Entries) != want || (code == 200) != (want > 0) {
					t.Errorf("%s: %d %s", path, code, body)
				}
			}
			if code, _, body := get(t, s, "/api/v1/state/ruled/numbered?prefix=1"); code != 400 {
				t.Errorf("a prefix of numbers: %d %s", code, body)
			}
			if code, _, body := get(t, s, "/api/v1/state/ruled/numbered/one"); code != 400 {
				t.Errorf("a key that is no number: %d %s", code, body)
			}
		})
	}
}
