//go:build integration

package integration

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
)

// askDrain asks an instance for a drained savepoint, and returns when it has agreed to it.
func (p *process) askDrain(name string) {
	p.t.Helper()
	eventually(p.t, patience, "a drain to begin", func() error {
		body := fmt.Sprintf(`{"name":%q,"stop":true,"drain":true}`, name)
		r, err := http.Post("http://"+p.addr+"/api/v1/savepoints", "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if text, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusAccepted {
			return fmt.Errorf("%s: %s", r.Status, text)
		}
		return nil
	})
}

// statesOf counts the entries of each state of a savepoint, by uid and name.
func (j *job) statesOf(name string) (snapshot.Header, map[string]int) {
	t := j.t
	t.Helper()
	sp, err := snapshot.OpenURL(t.Context(), j.savepointURL(name))
	must(t, err)
	defer sp.Close()
	h := sp.Header()
	names := map[uint16]string{}
	for _, d := range h.States {
		names[d.ID] = d.UID + " " + d.Name
	}
	stream, err := sp.Scan(t.Context(), 0, uint16(h.MaxParallelism-1))
	must(t, err)
	defer stream.Close()
	entries := map[string]int{}
	for {
		e, ok, err := stream.Next()
		must(t, err)
		if !ok {
			return h, entries
		}
		_, id, _, _, err := state.SplitKey(e.Key)
		must(t, err)
		entries[names[id]]++
	}
}

// summed is the sum of what a key has: a window that a drain has closed can open again, for records that come after it.
func summed(all map[string][]int64) map[string][]int64 {
	sums := map[string][]int64{}
	for key, values := range all {
		sums[key] = []int64{sum(values)}
	}
	return sums
}

// Two instances with windows of event time are drained again and again under load, and one of them dies amid that, the one that was asked or the other: whatever
// has fired has fired once, and the job goes on as if nothing had been asked. The last drain closes every window.
func TestDrainOfFleet(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	input := newMeasures(rng)
	j := newProgram(t, sharedCluster(t), "sums", measurePartitions, map[string]int{"-running": 2}, append(fleetSettings, "CHECKPOINT_INTERVAL=50ms")...)
	f := newFleet(j)
	send := j.sender()
	names := []string{"one", "two"}
	const rounds = 5
	for i := range rounds {
		for _, name := range names {
			if f.live[name] == nil {
				f.launch(name)
			}
		}
		f.settled()
		for part := range 3 {
			send(input.portion(3*i+part, 3*rounds))
		}
		if i == rounds-1 {
			break
		}
		f.live["one"].askDrain(fmt.Sprint("d", i))
		time.Sleep(time.Duration(300+rng.IntN(1700)) * time.Millisecond)
		victim := names[i%2]
		if !f.live[victim].ended() {
			f.kill(victim)
		}
		if f.live[victim] == nil && victim != "one" { // the drain goes on when it is back; else nobody asks any more
			f.launch(victim)
			for _, name := range names {
				if code := f.live[name].exit(2 * patience); code != 0 {
					t.Errorf("%s: exit code %d", name, code)
				}
			}
		}
		for _, name := range names {
			if f.live[name] != nil && f.live[name].ended() {
				f.gone(name)
			}
		}
	}
	eventually(t, patience, "all input to be read", func() error {
		must(t, f.anyEnded())
		if wrong := compareByKey(readNumbers(t, j, j.id+"-running"), input.running); wrong != "" {
			return errors.New(wrong)
		}
		return nil
	})
	f.live["two"].askDrain("last")
	for _, name := range names {
		if code := f.live[name].exit(2 * patience); code != 0 {
			t.Errorf("%s: exit code %d", name, code)
		}
	}
	h, entries := j.statesOf("last")
	if !h.Drained || len(h.Sources) != measurePartitions || len(entries) != 1 || entries["running sum"] != len(input.running) {
		t.Errorf("drained %v, %d sources, states %v", h.Drained, len(h.Sources), entries)
	}
	if wrong := compareByKey(readNumbers(t, j, j.id+"-running"), input.running); wrong != "" {
		t.Error(wrong)
	}
	windows := summed(readNumbers(t, j, j.out))
	for key := range windows { // those that no record ends otherwise are not in the model
		if strings.HasPrefix(key, "end") {
			delete(windows, key)
		}
	}
	if wrong := compareByKey(windows, input.windows); wrong != "" {
		t.Error(wrong)
	}
}
