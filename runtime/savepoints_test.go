package runtime

import (
	"errors"
	"testing"

	"github.com/weirstream/weir/checkpoint/snapshot"
)

// A savepoint that has ended is told of as what it was, also if the next one has begun meanwhile.
func TestSavepointsInARow(t *testing.T) {
	var s savepoints
	begin := func(name string) {
		t.Helper()
		if err := s.begin(SavepointStatus{Name: name, State: SavepointRunning}); err != nil {
			t.Fatal(err)
		}
	}
	begin("one")
	if err := s.begin(SavepointStatus{Name: "early"}); !errors.Is(err, ErrSavepointBusy) {
		t.Errorf("two at a time: %v", err)
	}
	one := s.end(snapshot.Header{}, nil)
	begin("two")
	if one.Name != "one" || one.State != SavepointDone || s.of("one") != SavepointDone || s.of("two") != SavepointRunning || s.of("three") != "" {
		t.Errorf("ended %+v; one %q, two %q", one, s.of("one"), s.of("two"))
	}
	if two := s.end(snapshot.Header{}, errors.New("mine")); two.Name != "two" || two.State != SavepointFailed || two.Error != "mine" {
		t.Errorf("ended %+v", two)
	}
}
