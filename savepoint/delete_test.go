package savepoint_test

import (
	"context"
	"strings"
	"testing"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
)

// Entries of broadcast state have no key of a record, so no key chooses them: not even the empty one, which they stand under.
func TestDeleteByKeySparesBroadcast(t *testing.T) {
	d := state.Descriptor{UID: "op", Name: "rates", Kind: state.KindBroadcast, MapKeyCodec: "string", ValueCodec: "string"}
	url := "file://" + t.TempDir()
	_, err := savepoint.New(4).With(func(_ context.Context, w *savepoint.Writer) error {
		s, err := w.State(d)
		if err != nil {
			return err
		}
		return s.Broadcast([]byte("EUR"), []byte("1"))
	}).Write(t.Context(), url+"/a", savepoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sp, err := savepoint.Load(t.Context(), url+"/a")
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	for _, f := range []savepoint.Filter{{UID: "op", Key: []byte{}}, {UID: "op", Name: "rates", Key: []byte("EUR")}, {UID: "op", Prefix: []byte("E")}} {
		if _, err := sp.Edit().Delete(f).Write(t.Context(), url+"/b", savepoint.Options{}); err == nil || !strings.Contains(err.Error(), "no such state with keys of records") {
			t.Errorf("%+v: got %v, want a refusal", f, err)
		}
		for e, err := range sp.Entries(t.Context(), f) {
			t.Errorf("%+v: got %+v, %v, want none", f, e, err)
		}
	}
}
