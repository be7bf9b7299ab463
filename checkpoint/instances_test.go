package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// Instances that share a store find each other in it.
func ExampleRegister() {
	ctx := context.Background()
	store, _ := checkpoint.OpenStore("mem://")
	_ = checkpoint.Register(ctx, store, "wordcount", checkpoint.Instance{ID: "pod-1", Run: "run1", Exchange: checkpoint.ExchangeKafka})
	_ = checkpoint.Register(ctx, store, "wordcount", checkpoint.Instance{ID: "pod-0", Run: "run2"})
	all, _ := checkpoint.Instances(ctx, store, "wordcount")
	for _, i := range all {
		fmt.Printf("%s: run %s, exchange %q\n", i.ID, i.Run, i.Exchange)
	}
	// Output:
	// pod-0: run run2, exchange ""
	// pod-1: run run1, exchange "kafka"
}

func TestInstances(t *testing.T) {
	ctx := context.Background()
	for _, url := range []string{"mem://", "file://" + t.TempDir()} {
		s, err := checkpoint.OpenStore(url)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := checkpoint.Instances(ctx, s, "job"); len(all) != 0 || err != nil {
			t.Errorf("at first: %v, %v", all, err)
		}
		first := checkpoint.Instance{ID: "pod-0", Run: "r1", Started: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}
		second := checkpoint.Instance{ID: "pod-0", Run: "r2", Exchange: checkpoint.ExchangeKafka, Started: first.Started.Add(time.Minute)}
		for _, i := range []checkpoint.Instance{first, second} {
			if err := checkpoint.Register(ctx, s, "job", i); err != nil {
				t.Fatal(err)
			}
			if all, err := checkpoint.Instances(ctx, s, "job"); err != nil || len(all) != 1 || all[0] != i {
				t.Errorf("got %+v, %v; want %+v", all, err, i)
			}
		}
		if all, err := checkpoint.Instances(ctx, s, "jo"); len(all) != 0 || err != nil {
			t.Errorf("of another job: %v, %v", all, err)
		}
	}
}

func TestInstancesRefuse(t *testing.T) {
	ctx := context.Background()
	s := memstore.Open("")
	for want, i := range map[string]checkpoint.Instance{
		"WEIR_INSTANCE_ID": {ID: "../x", Run: "r1"}, "register instance": {Run: "r1"}, "use NewRun": {ID: "a", Run: "R 1"}, "carrier": {ID: "a", Run: "r1", Exchange: "carrier"},
	} {
		if err := checkpoint.Register(ctx, s, "job", i); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", i, err, want)
		}
	}
	if err := checkpoint.Register(ctx, s, "a/b", checkpoint.Instance{ID: "a", Run: "r1"}); err == nil || !strings.Contains(err.Error(), "WEIR_JOB_ID") {
		t.Errorf("error %v", err)
	}
	var corrupt *checkpoint.CorruptError
	var newer *checkpoint.VersionError
	for content, as := range map[string]any{
		"": &corrupt, "{}": &corrupt, `{"format":1,"job":"job","id":"other","run":"r1"}`: &corrupt, `{"format":1,"job":"else","id":"pod-0","run":"r1"}`: &corrupt,
		`{"format":2,"job":"job","id":"pod-0","run":"r1"}`: &newer, `{"format":2}`: &newer,
	} {
		mustPutFile(t, s, "job/instances/pod-0", []byte(content))
		if _, err := checkpoint.Instances(ctx, s, "job"); !errors.As(err, as) || !strings.Contains(err.Error(), "job/instances/pod-0") {
			t.Errorf("%q: error %v", content, err)
		}
	}
}

func copyFile(t *testing.T, s checkpoint.Store, from, to string) {
	t.Helper()
	b, err := storetest.Get(s, from)
	if err != nil {
		t.Fatal(err)
	}
	mustPutFile(t, s, to, b)
}
