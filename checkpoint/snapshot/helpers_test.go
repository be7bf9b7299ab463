package snapshot_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/state"
)

const path = "job/savepoint/one"

var ctx = context.Background()

// header is of a job with one state, whose id is 1.
func header() snapshot.Header {
	return snapshot.Header{
		Job: "job", MaxParallelism: 128,
		States:  []state.Descriptor{{ID: 1, UID: "count", Name: "sum", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "string"}},
		Sources: []checkpoint.SourcePosition{{Operator: "source", Topic: "text", Partition: 3, Offset: 42, Watermark: 1000}},
	}
}

func entry(group uint16, key, value string) state.Entry {
	return state.Entry{Key: state.AppendKey(nil, group, 1, []byte(key)), Value: []byte(value)}
}

// numbered is n entries in each of the groups.
func numbered(n int, groups ...uint16) (all []state.Entry) {
	for _, g := range groups {
		for i := range n {
			all = append(all, entry(g, fmt.Sprintf("key%04d", i), fmt.Sprint("value ", g, i)))
		}
	}
	return all
}

// write makes a savepoint of the parts; after an error it is aborted.
func write(s store.Store, path string, parts ...[]state.Entry) (snapshot.Header, error) {
	w, err := snapshot.Create(ctx, s, path, header())
	if err != nil {
		return snapshot.Header{}, err
	}
	h, err := fill(w, parts...)
	if err != nil {
		_ = w.Abort(ctx) // what it leaves is looked at
	}
	return h, err
}

func fill(w *snapshot.Writer, parts ...[]state.Entry) (snapshot.Header, error) {
	for n, entries := range parts {
		p := w.Part(n)
		for _, e := range entries {
			if err := p.Add(e); err != nil {
				return snapshot.Header{}, err
			}
		}
		if err := p.Close(); err != nil {
			return snapshot.Header{}, err
		}
	}
	return w.Commit(ctx)
}

func mustWrite(t testing.TB, s store.Store, path string, parts ...[]state.Entry) snapshot.Header {
	t.Helper()
	h, err := write(s, path, parts...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// read is all that a scan yields before its end or its error.
func read(s store.Store, path string, first, last uint16) (all []state.Entry, err error) {
	sp, err := snapshot.Open(ctx, s, path)
	if err != nil {
		return nil, err
	}
	stream, err := sp.Scan(ctx, first, last)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	for {
		e, ok, err := stream.Next()
		if err != nil || !ok {
			return all, err
		}
		all = append(all, e)
	}
}

func same(a, b []state.Entry) bool {
	return slices.EqualFunc(a, b, func(a, b state.Entry) bool {
		return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) && a.Delete == b.Delete
	})
}

func names(t testing.TB, s store.Store) (all []string) {
	t.Helper()
	infos, err := s.List(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		all = append(all, info.Name)
	}
	return all
}
